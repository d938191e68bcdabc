// RUN: tpc-opt %s -allow-unregistered-dialect -split-input-file -verify-diagnostics

// The layer and the root-mean-square ops share their verifiers.

%x = "test.value"() : () -> tensor<2x8xf32>
// expected-error @+1 {{needs eps >= 0, but eps is -1}}
nn.layer_norm %x {eps = -1.0} : (tensor<2x8xf32>) -> tensor<2x8xf32>

// -----

%x = "test.value"() : () -> tensor<f32>
// expected-error @+1 {{normalizes the last dim, but x has no dims}}
nn.layer_norm %x {eps = 1.0e-5} : (tensor<f32>) -> tensor<f32>

// -----

%x, %w = "test.values"() : () -> (tensor<2x8xf32>, tensor<2xf32>)
// expected-error @+1 {{needs a weight of type 'tensor<8xf32>', but has 'tensor<2xf32>'}}
nn.layer_norm %x weight %w {eps = 1.0e-5} : (tensor<2x8xf32>, tensor<2xf32>) -> tensor<2x8xf32>

// -----

%x, %w = "test.values"() : () -> (tensor<2x8xf32>, tensor<8xf64>)
// expected-error @+1 {{needs a bias of type 'tensor<8xf32>', but has 'tensor<8xf64>'}}
nn.layer_norm %x bias %w {eps = 1.0e-5} : (tensor<2x8xf32>, tensor<8xf64>) -> tensor<2x8xf32>

// -----

%x = "test.value"() : () -> tensor<2x8xf32>
// expected-error @+1 {{has 'tensor<8x2xf32>' as result #0}}
nn.layer_norm %x {eps = 1.0e-5} : (tensor<2x8xf32>) -> tensor<8x2xf32>

// -----

%x = "test.value"() : () -> tensor<2x8xf32>
// expected-error @+1 {{needs eps >= 0}}
nn.rms_norm %x {eps = -1.0} : (tensor<2x8xf32>) -> tensor<2x8xf32>

// -----

%x = "test.value"() : () -> tensor<f32>
// expected-error @+1 {{normalizes the last dim}}
nn.rms_norm %x {eps = 1.0e-5} : (tensor<f32>) -> tensor<f32>

// -----

%x, %w = "test.values"() : () -> (tensor<2x8xf32>, tensor<2xf32>)
// expected-error @+1 {{needs a weight of type 'tensor<8xf32>'}}
nn.rms_norm %x weight %w {eps = 1.0e-5} : (tensor<2x8xf32>, tensor<2xf32>) -> tensor<2x8xf32>

// -----

%x = "test.value"() : () -> tensor<2x8xf32>
// expected-error @+1 {{has 'tensor<8x2xf32>' as result #0}}
nn.rms_norm %x {eps = 1.0e-5} : (tensor<2x8xf32>) -> tensor<8x2xf32>

// -----

%x = "test.value"() : () -> tensor<2x8xf32>
// expected-error @+1 {{needs eps >= 0}}
nn.layer_normalize %x {eps = -1.0} : (tensor<2x8xf32>) -> (tensor<2x8xf32>, tensor<2xf32>)

// -----

%x = "test.value"() : () -> tensor<f32>
// expected-error @+1 {{normalizes the last dim}}
nn.rms_normalize %x {eps = 1.0e-5} : (tensor<f32>) -> (tensor<f32>, tensor<f32>)

// -----

%x = "test.value"() : () -> tensor<2x8xf32>
// expected-error @+1 {{has 'tensor<2x8xf64>' as result #0}}
nn.layer_normalize %x {eps = 1.0e-5} : (tensor<2x8xf32>) -> (tensor<2x8xf64>, tensor<2xf32>)

// -----

%x = "test.value"() : () -> tensor<2x8xbf16>
// expected-error @+1 {{has 'tensor<2xbf16>' as result #1, but its operands and attributes give 'tensor<2xf32>'}}
nn.layer_normalize %x {eps = 1.0e-5} : (tensor<2x8xbf16>) -> (tensor<2x8xbf16>, tensor<2xbf16>)

// -----

%x = "test.value"() : () -> tensor<f32>
// expected-error @+1 {{normalizes the last dim}}
nn.layer_normalize_grad %x, %x, %x : (tensor<f32>, tensor<f32>, tensor<f32>) -> tensor<f32>

// -----

%d, %x, %r = "test.values"() : () -> (tensor<2x4xf32>, tensor<2x8xf32>, tensor<2xf32>)
// expected-error @+1 {{needs d and xhat of one type, but has 'tensor<2x4xf32>' and 'tensor<2x8xf32>'}}
nn.layer_normalize_grad %d, %x, %r : (tensor<2x4xf32>, tensor<2x8xf32>, tensor<2xf32>) -> tensor<2x8xf32>

// -----

%x = "test.value"() : () -> tensor<2x8xf32>
// expected-error @+1 {{needs an rstd of type 'tensor<2xf32>', but has 'tensor<2x8xf32>'}}
nn.rms_normalize_grad %x, %x, %x : (tensor<2x8xf32>, tensor<2x8xf32>, tensor<2x8xf32>) -> tensor<2x8xf32>

// -----

%x, %r = "test.values"() : () -> (tensor<2x8xf32>, tensor<2xf32>)
// expected-error @+1 {{has 'tensor<2xf32>' as result #0}}
nn.rms_normalize_grad %x, %x, %r : (tensor<2x8xf32>, tensor<2x8xf32>, tensor<2xf32>) -> tensor<2xf32>
