// RUN: tpc-opt %s -allow-unregistered-dialect -split-input-file -verify-diagnostics

// constraint: ids has a last dim
%ids = "test.value"() : () -> tensor<i32>
// expected-error @+1 {{counts along the last dim, but ids has no dims}}
nn.positions %ids : (tensor<i32>) -> tensor<i32>

// -----

// constraint: there is no offset, or one
%ids, %o = "test.values"() : () -> (tensor<4xi32>, index)
// expected-error @+1 {{has 2 offsets, but takes 1, or none before partitioning}}
nn.positions %ids at %o, %o : (tensor<4xi32>, index, index) -> tensor<4xi32>

// -----

// constraint: the result has the type of ids
%ids = "test.value"() : () -> tensor<4xi32>
// expected-error @+1 {{has 'tensor<5xi32>' as result #0}}
nn.positions %ids : (tensor<4xi32>) -> tensor<5xi32>
