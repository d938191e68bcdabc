// RUN: tpc-opt %s -allow-unregistered-dialect -split-input-file -verify-diagnostics

// constraint: the standard deviation of `normal` is not negative
// expected-error @+1 {{the standard deviation of a normal draw must not be negative, it is -1}}
nn.parameter @a : tensor<8xf32> init #nn.init<normal, 0.0, -1.0>

// -----

// constraint: the range of `uniform` is not empty
// expected-error @+1 {{a uniform draw needs a range [low, high) with low < high, not [1.000000e+00, 1.000000e+00)}}
nn.parameter @a : tensor<8xf32> init #nn.init<uniform, 1.0, 1.0>

// -----

// expected-error @+1 {{there is no initialiser "xavier"; use zeros, ones, constant, normal or uniform}}
nn.parameter @a : tensor<8xf32> init #nn.init<xavier>
