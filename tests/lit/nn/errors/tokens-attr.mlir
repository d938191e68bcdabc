// RUN: tpc-opt %s -allow-unregistered-dialect -split-input-file -verify-diagnostics

// constraint: shift and stride are 0 or more
// expected-error @+1 {{a token feed needs a shift and a stride of at least 0, not -1 and 0}}
nn.input @x : tensor<1x8xi32> dims ["", ""] feed #nn.tokens<shift = -1>

// -----

// constraint: shift and stride are 0 or more
// expected-error @+1 {{a token feed needs a shift and a stride of at least 0, not 1 and -64}}
nn.input @x : tensor<1x8xi32> dims ["", ""] feed #nn.tokens<shift = 1, stride = -64>

// -----

// constraint: the tail is a number of 32 bits
// expected-error @+1 {{a token feed's tail must be a number of 32 bits, not 4294967296}}
nn.input @x : tensor<1x8xi32> dims ["", ""] feed #nn.tokens<tail = 4294967296>
