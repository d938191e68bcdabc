// RUN: tpc-opt %s -allow-unregistered-dialect -split-input-file -verify-diagnostics

// constraint: the type stays the same, and its elements are floats
%x = "test.value"() : () -> tensor<8x4xf32>
%o = tp.offset 8
// expected-error @+1 {{keeps the type, but its operand is 'tensor<8x4xf32>' and its result 'tensor<8x2xf32>'}}
%y = tp.mask %x at %o dim 0 minor 1 extent 8 logical 7 fill 0.0 : tensor<8x4xf32> -> tensor<8x2xf32>

// -----

// constraint: the type stays the same, and its elements are floats
%x = "test.value"() : () -> tensor<8xi32>
%o = tp.offset 8
// expected-error @+1 {{masks floats, not 'i32'}}
%y = tp.mask %x at %o dim 0 minor 1 extent 8 logical 7 fill 0.0 : tensor<8xi32> -> tensor<8xi32>

// -----

// constraint: the tensor has the dim, and minor * extent divides its size
%x = "test.value"() : () -> tensor<8xf32>
%o = tp.offset 8
// expected-error @+1 {{names dim 1 of a tensor of rank 1}}
%y = tp.mask %x at %o dim 1 minor 1 extent 8 logical 7 fill 0.0 : tensor<8xf32> -> tensor<8xf32>

// -----

// constraint: the tensor has the dim, and minor * extent divides its size
%x = "test.value"() : () -> tensor<8xf32>
%o = tp.offset 8
// expected-error @+1 {{dim 0 of extent 8 has no factor of local extent 3 with the minor size 1}}
%y = tp.mask %x at %o dim 0 minor 1 extent 3 logical 7 fill 0.0 : tensor<8xf32> -> tensor<8xf32>

// -----

// constraint: the logical extent is positive
%x = "test.value"() : () -> tensor<8xf32>
%o = tp.offset 8
// expected-error @+1 {{has the logical extent 0, which is not positive}}
%y = tp.mask %x at %o dim 0 minor 1 extent 8 logical 0 fill 0.0 : tensor<8xf32> -> tensor<8xf32>
