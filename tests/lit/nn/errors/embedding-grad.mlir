// RUN: tpc-opt %s -allow-unregistered-dialect -split-input-file -verify-diagnostics

// constraint: rows is positive
%ids, %dy, %table = "test.values"() : () -> (tensor<4xi32>, tensor<4x8xf32>, tensor<16x8xf32>)
// expected-error @+1 {{needs rows > 0, but rows is 0}}
nn.embedding_grad %ids, %dy like %table {rows = 0} : (tensor<4xi32>, tensor<4x8xf32>, tensor<16x8xf32>) -> tensor<16x8xf32>

// -----

// constraint: the table has two dims
%ids, %dy, %table = "test.values"() : () -> (tensor<4xi32>, tensor<4x8xf32>, tensor<16xf32>)
// expected-error @+1 {{needs a table of two dims [v, d]}}
nn.embedding_grad %ids, %dy like %table : (tensor<4xi32>, tensor<4x8xf32>, tensor<16xf32>) -> tensor<16xf32>

// -----

// constraint: dy and the table have one element type
%ids, %dy, %table = "test.values"() : () -> (tensor<4xi32>, tensor<4x8xf64>, tensor<16x8xf32>)
// expected-error @+1 {{needs operands of one element type}}
nn.embedding_grad %ids, %dy like %table : (tensor<4xi32>, tensor<4x8xf64>, tensor<16x8xf32>) -> tensor<16x8xf32>

// -----

// constraint: dy has the dims of ids and then the last one of the table
%ids, %dy, %table = "test.values"() : () -> (tensor<4xi32>, tensor<5x8xf32>, tensor<16x8xf32>)
// expected-error @+1 {{needs a dy of type 'tensor<4x8xf32>', but has 'tensor<5x8xf32>'}}
nn.embedding_grad %ids, %dy like %table : (tensor<4xi32>, tensor<5x8xf32>, tensor<16x8xf32>) -> tensor<16x8xf32>

// -----

// constraint: there is no offset, or one
%ids, %dy, %table, %o = "test.values"() : () -> (tensor<4xi32>, tensor<4x8xf32>, tensor<16x8xf32>, index)
// expected-error @+1 {{has 2 offsets, but takes 1}}
nn.embedding_grad %ids, %dy like %table at %o, %o : (tensor<4xi32>, tensor<4x8xf32>, tensor<16x8xf32>, index, index) -> tensor<16x8xf32>

// -----

// constraint: the result has the type of the table
%ids, %dy, %table = "test.values"() : () -> (tensor<4xi32>, tensor<4x8xf32>, tensor<16x8xf32>)
// expected-error @+1 {{has 'tensor<8x16xf32>' as result #0}}
nn.embedding_grad %ids, %dy like %table : (tensor<4xi32>, tensor<4x8xf32>, tensor<16x8xf32>) -> tensor<8x16xf32>
