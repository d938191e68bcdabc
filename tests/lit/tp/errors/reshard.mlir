// RUN: tpc-opt %s -allow-unregistered-dialect -split-input-file -verify-diagnostics

// constraint: operand and result have the same shape and element type
%x = "test.value"() : () -> tensor<8x4xf32>
// expected-error @+1 {{changes the sharding alone, but its operand is 'tensor<8x4xf32>' and its result 'tensor<8x8xf32>'}}
%y = tp.reshard %x why "w" : tensor<8x4xf32> -> tensor<8x8xf32>

// -----

// constraint: the wire type is a float type narrower than the element type
%x = "test.value"() : () -> tensor<8x4xbf16>
// expected-error @+1 {{travels as 'bf16', which is no float type narrower than 'bf16'}}
%y = tp.reshard %x why "w" wire bf16 : tensor<8x4xbf16> -> tensor<8x4xbf16>

// -----

// constraint: the wire type is a float type narrower than the element type
%x = "test.value"() : () -> tensor<8x4xf32>
// expected-error @+1 {{travels as 'i16', which is no float type narrower than 'f32'}}
%y = tp.reshard %x why "w" wire i16 : tensor<8x4xf32> -> tensor<8x4xf32>
