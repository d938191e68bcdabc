// RUN: tpc-opt %s -allow-unregistered-dialect -split-input-file -verify-diagnostics

// expected-error @+1 {{nn.phase must be "forward", "backward" or "update"}}
nn.dim @B = 1 {nn.phase = "sideways"}

// -----

// expected-error @+1 {{nn.scope must be a string}}
nn.dim @B = 1 {nn.scope = 3}

// -----

// expected-error @+1 {{there is no attribute nn.colour on ops}}
nn.dim @B = 1 {nn.colour = "red"}
