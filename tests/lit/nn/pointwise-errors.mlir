// RUN: tpc-opt %s -allow-unregistered-dialect -split-input-file -verify-diagnostics

// One error per constraint. The ops of one form share its verifier, so one of them stands for all.

%x = "test.value"() : () -> tensor<2x3xf32>
// expected-error @+1 {{has 'tensor<3x2xf32>' as result #0, but its operands and attributes give 'tensor<2x3xf32>'}}
nn.neg %x : (tensor<2x3xf32>) -> tensor<3x2xf32>

// -----

%a, %b = "test.values"() : () -> (tensor<2x3xf32>, tensor<2x3xf64>)
// expected-error @+1 {{needs operands of one element type, but has 'f32' and 'f64'; insert an nn.cast}}
nn.mul %a, %b : (tensor<2x3xf32>, tensor<2x3xf64>) -> tensor<2x3xf32>

// -----

%a, %b = "test.values"() : () -> (tensor<2x3xf32>, tensor<2xf32>)
// expected-error @+1 {{needs operands whose shapes are suffixes of the largest one, but 'tensor<2xf32>' is none of 'tensor<2x3xf32>'}}
nn.mul %a, %b : (tensor<2x3xf32>, tensor<2xf32>) -> tensor<2x3xf32>

// -----

%a, %b = "test.values"() : () -> (tensor<2x3xf32>, tensor<3xf32>)
// expected-error @+1 {{has 'tensor<3xf32>' as result #0, but its operands and attributes give 'tensor<2x3xf32>'}}
nn.sub %a, %b : (tensor<2x3xf32>, tensor<3xf32>) -> tensor<3xf32>

// -----

// expected-error @+1 {{needs at least one operand}}
nn.add : () -> tensor<3xf32>

// -----

%a, %b = "test.values"() : () -> (tensor<2x3xf32>, tensor<2x3xbf16>)
// expected-error @+1 {{needs operands of one element type}}
nn.add %a, %b : (tensor<2x3xf32>, tensor<2x3xbf16>) -> tensor<2x3xf32>

// -----

%a, %b = "test.values"() : () -> (tensor<2x3xf32>, tensor<2x1xf32>)
// expected-error @+1 {{needs operands whose shapes are suffixes of the largest one}}
nn.add %a, %b : (tensor<2x3xf32>, tensor<2x1xf32>) -> tensor<2x3xf32>

// -----

%a = "test.value"() : () -> tensor<2x3xf32>
// expected-error @+1 {{has 'tensor<2x4xf32>' as result #0}}
nn.add %a, %a : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x4xf32>

// -----

%a, %b = "test.values"() : () -> (tensor<2x3xf32>, tensor<3xf32>)
// expected-error @+1 {{needs two operands of one type, but has 'tensor<2x3xf32>' and 'tensor<3xf32>'}}
nn.relu_grad %a, %b : (tensor<2x3xf32>, tensor<3xf32>) -> tensor<2x3xf32>

// -----

%a = "test.value"() : () -> tensor<2x3xf32>
// expected-error @+1 {{has 'tensor<3xf32>' as result #0}}
nn.silu_grad %a, %a : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<3xf32>

// -----

%a, %b = "test.values"() : () -> (tensor<2x3xf32>, tensor<2x3xf64>)
// expected-error @+1 {{needs two operands of one type}}
nn.gelu_grad %a, %b : (tensor<2x3xf32>, tensor<2x3xf64>) -> tensor<2x3xf32>

// -----

%a = "test.value"() : () -> tensor<2x3xf32>
// expected-error @+1 {{has 'tensor<2x3xf64>' as result #0}}
nn.gelu_grad %a, %a : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x3xf64>

// -----

%x = "test.value"() : () -> tensor<2x3xf32>
// expected-error @+1 {{has 'tensor<2x3xf64>' as result #0}}
nn.scale %x {factor = 0.5} : (tensor<2x3xf32>) -> tensor<2x3xf64>

// -----

%x = "test.value"() : () -> tensor<2x3xf32>
// expected-error @+1 {{has 'tensor<6xf32>' as result #0}}
nn.gelu %x : (tensor<2x3xf32>) -> tensor<6xf32>

// -----

%x = "test.value"() : () -> tensor<2x3xf32>
// expected-error @+1 {{has 'tensor<6xbf16>' as result #0, but its operands and attributes give 'tensor<2x3xbf16>'}}
nn.cast %x : (tensor<2x3xf32>) -> tensor<6xbf16>

// -----

%x, %i = "test.values"() : () -> (tensor<2x3xf32>, tensor<i32>)
// expected-error @+1 {{needs 0 <= p < 1, but p is 1}}
nn.dropout %x, %i, %i {p = 1.0, stream = "drop"} : (tensor<2x3xf32>, tensor<i32>, tensor<i32>) -> tensor<2x3xf32>

// -----

%x, %i, %j = "test.values"() : () -> (tensor<2x3xf32>, tensor<i32>, tensor<1xi32>)
// expected-error @+1 {{needs a seed and a step of type tensor<i32>: they are 0-d}}
nn.dropout %x, %i, %j {p = 0.5, stream = "drop"} : (tensor<2x3xf32>, tensor<i32>, tensor<1xi32>) -> tensor<2x3xf32>

// -----

%x, %i = "test.values"() : () -> (tensor<2x3xf32>, tensor<i32>)
// expected-error @+1 {{has a global_shape of 1 dims, but x has 2}}
nn.dropout %x, %i, %i {p = 0.5, stream = "drop", global_shape = array<i64: 6>} : (tensor<2x3xf32>, tensor<i32>, tensor<i32>) -> tensor<2x3xf32>

// -----

%x, %i, %o = "test.values"() : () -> (tensor<2x3xf32>, tensor<i32>, index)
// expected-error @+1 {{has 1 offsets, but takes 2, or none before partitioning}}
nn.dropout %x, %i, %i at %o {p = 0.5, stream = "drop", global_shape = array<i64: 2, 3>} : (tensor<2x3xf32>, tensor<i32>, tensor<i32>, index) -> tensor<2x3xf32>

// -----

%x, %i, %o = "test.values"() : () -> (tensor<2x3xf32>, tensor<i32>, index)
// expected-error @+1 {{needs its global_shape where it has offsets}}
nn.dropout %x, %i, %i at %o, %o {p = 0.5, stream = "drop"} : (tensor<2x3xf32>, tensor<i32>, tensor<i32>, index, index) -> tensor<2x3xf32>

// -----

%x, %i = "test.values"() : () -> (tensor<2x3xf32>, tensor<i32>)
// expected-error @+1 {{has 'tensor<3xf32>' as result #0}}
nn.dropout %x, %i, %i {p = 0.5, stream = "drop"} : (tensor<2x3xf32>, tensor<i32>, tensor<i32>) -> tensor<3xf32>
