// RUN: tpc-opt %s -allow-unregistered-dialect -split-input-file -verify-diagnostics

%ids = "test.value"() : () -> tensor<i32>
// expected-error @+1 {{counts along the last dim, but ids has no dims}}
nn.positions %ids : (tensor<i32>) -> tensor<i32>

// -----

%ids, %o = "test.values"() : () -> (tensor<4xi32>, index)
// expected-error @+1 {{has 2 offsets, but takes 1, or none before partitioning}}
nn.positions %ids at %o, %o : (tensor<4xi32>, index, index) -> tensor<4xi32>

// -----

%ids = "test.value"() : () -> tensor<4xi32>
// expected-error @+1 {{has 'tensor<5xi32>' as result #0}}
nn.positions %ids : (tensor<4xi32>) -> tensor<5xi32>

// -----

%ids, %table = "test.values"() : () -> (tensor<4xi32>, tensor<16xf32>)
// expected-error @+1 {{needs a table of two dims [v, d], but has 'tensor<16xf32>'}}
nn.embedding %ids, %table : (tensor<4xi32>, tensor<16xf32>) -> tensor<4xf32>

// -----

%ids, %table, %o = "test.values"() : () -> (tensor<4xi32>, tensor<16x8xf32>, index)
// expected-error @+1 {{has 2 offsets, but takes 1}}
nn.embedding %ids, %table at %o, %o : (tensor<4xi32>, tensor<16x8xf32>, index, index) -> tensor<4x8xf32>

// -----

%ids, %table = "test.values"() : () -> (tensor<4xi32>, tensor<16x8xf32>)
// expected-error @+1 {{has 'tensor<4x16xf32>' as result #0, but its operands and attributes give 'tensor<4x8xf32>'}}
nn.embedding %ids, %table : (tensor<4xi32>, tensor<16x8xf32>) -> tensor<4x16xf32>

// -----

%ids, %dy, %table = "test.values"() : () -> (tensor<4xi32>, tensor<4x8xf32>, tensor<16xf32>)
// expected-error @+1 {{needs a table of two dims [v, d]}}
nn.embedding_grad %ids, %dy like %table : (tensor<4xi32>, tensor<4x8xf32>, tensor<16xf32>) -> tensor<16xf32>

// -----

%ids, %dy, %table = "test.values"() : () -> (tensor<4xi32>, tensor<4x8xf64>, tensor<16x8xf32>)
// expected-error @+1 {{needs operands of one element type}}
nn.embedding_grad %ids, %dy like %table : (tensor<4xi32>, tensor<4x8xf64>, tensor<16x8xf32>) -> tensor<16x8xf32>

// -----

%ids, %dy, %table = "test.values"() : () -> (tensor<4xi32>, tensor<5x8xf32>, tensor<16x8xf32>)
// expected-error @+1 {{needs a dy of type 'tensor<4x8xf32>', but has 'tensor<5x8xf32>'}}
nn.embedding_grad %ids, %dy like %table : (tensor<4xi32>, tensor<5x8xf32>, tensor<16x8xf32>) -> tensor<16x8xf32>

// -----

%ids, %dy, %table, %o = "test.values"() : () -> (tensor<4xi32>, tensor<4x8xf32>, tensor<16x8xf32>, index)
// expected-error @+1 {{has 2 offsets, but takes 1}}
nn.embedding_grad %ids, %dy like %table at %o, %o : (tensor<4xi32>, tensor<4x8xf32>, tensor<16x8xf32>, index, index) -> tensor<16x8xf32>

// -----

%ids, %dy, %table = "test.values"() : () -> (tensor<4xi32>, tensor<4x8xf32>, tensor<16x8xf32>)
// expected-error @+1 {{has 'tensor<8x16xf32>' as result #0}}
nn.embedding_grad %ids, %dy like %table : (tensor<4xi32>, tensor<4x8xf32>, tensor<16x8xf32>) -> tensor<8x16xf32>

// -----

%x = "test.value"() : () -> tensor<2x4x2x8xf32>
// expected-error @+1 {{needs theta > 0, but theta is 0}}
nn.rope %x {theta = 0.0} : (tensor<2x4x2x8xf32>) -> tensor<2x4x2x8xf32>

// -----

%x = "test.value"() : () -> tensor<2x4x2x7xf32>
// expected-error @+1 {{needs an x [b, t, h, d] with an even d, but has 'tensor<2x4x2x7xf32>'}}
nn.rope %x : (tensor<2x4x2x7xf32>) -> tensor<2x4x2x7xf32>

// -----

%x, %o = "test.values"() : () -> (tensor<2x4x2x8xf32>, index)
// expected-error @+1 {{has 2 offsets, but takes 1}}
nn.rope %x at %o, %o : (tensor<2x4x2x8xf32>, index, index) -> tensor<2x4x2x8xf32>

// -----

%x = "test.value"() : () -> tensor<2x4x2x8xf32>
// expected-error @+1 {{has 'tensor<2x4x8xf32>' as result #0}}
nn.rope %x : (tensor<2x4x2x8xf32>) -> tensor<2x4x8xf32>
