// RUN: tpc-opt %s -allow-unregistered-dialect -split-input-file -verify-diagnostics

// constraint: the optimizer is #nn.sgd or #nn.adam
// expected-error @+1 {{needs an #nn.sgd or #nn.adam as its optimizer}}
nn.training @train of @loss optimizer "adam"

// -----

// constraint: the norm to clip to is positive
// expected-error @+1 {{clips to the norm 0.000000e+00, which is not positive}}
nn.training @train of @loss optimizer #nn.sgd<lr = @lr> clip_norm 0.0

// -----

// constraint: `groups` holds #nn.group attributes
// expected-error @+1 {{needs #nn.group attributes as its groups, not "*.bias"}}
nn.training @train of @loss optimizer #nn.sgd<lr = @lr> groups ["*.bias"]
