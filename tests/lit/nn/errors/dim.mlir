// RUN: tpc-opt %s -allow-unregistered-dialect -split-input-file -verify-diagnostics

// constraint: the size is positive
// expected-error @+1 {{has size 0; a dim needs at least 1}}
nn.dim @B = 0

// -----

// constraint: the size is positive
// expected-error @+1 {{has size -8; a dim needs at least 1}}
nn.dim @B = -8
