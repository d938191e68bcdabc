// RUN: tpc-opt %s -allow-unregistered-dialect -split-input-file -verify-diagnostics

// constraint: the table has two dims
%ids, %table = "test.values"() : () -> (tensor<4xi32>, tensor<16xf32>)
// expected-error @+1 {{needs a table of two dims [v, d], but has 'tensor<16xf32>'}}
nn.embedding %ids, %table : (tensor<4xi32>, tensor<16xf32>) -> tensor<4xf32>

// -----

// constraint: there is no offset, or one
%ids, %table, %o = "test.values"() : () -> (tensor<4xi32>, tensor<16x8xf32>, index)
// expected-error @+1 {{has 2 offsets, but takes 1}}
nn.embedding %ids, %table at %o, %o : (tensor<4xi32>, tensor<16x8xf32>, index, index) -> tensor<4x8xf32>

// -----

// constraint: the result has the dims of ids and then the last one of the table, and its element type
%ids, %table = "test.values"() : () -> (tensor<4xi32>, tensor<16x8xf32>)
// expected-error @+1 {{has 'tensor<4x16xf32>' as result #0, but its operands and attributes give 'tensor<4x8xf32>'}}
nn.embedding %ids, %table : (tensor<4xi32>, tensor<16x8xf32>) -> tensor<4x16xf32>
