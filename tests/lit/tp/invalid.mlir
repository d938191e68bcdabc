// RUN: tpc-opt %s -allow-unregistered-dialect -split-input-file -verify-diagnostics

// expected-error @+1 {{the sharding has 1 dims, the tensor 2}}
%x = "test.value"() : () -> tensor<8x4xf32, #tp.sharding<@mesh, [{}]>>

// -----

// expected-error @+1 {{the factors of dim 0 have the size 24 together, the dim has 8}}
%x = "test.value"() : () -> tensor<8xf32, #tp.sharding<@mesh, [{12, 2 "tp"}]>>

// -----

// expected-error @+1 {{dim 0: the padded size 6 is less than the logical size 8}}
%x = "test.value"() : () -> tensor<8xf32, #tp.sharding<@mesh, [{8:6 "tp"}]>>

// -----

// expected-error @+1 {{dim 0 has several factors; each needs its size}}
%x = "test.value"() : () -> tensor<8xf32, #tp.sharding<@mesh, [{"tp", 4}]>>

// -----

// expected-error @+1 {{dim 0 has one factor that is not padded; it is written without a size}}
%x = "test.value"() : () -> tensor<8xf32, #tp.sharding<@mesh, [{8 "tp"}]>>

// -----

// expected-error @+1 {{the size of a factor is positive}}
%x = "test.value"() : () -> tensor<8xf32, #tp.sharding<@mesh, [{0 "tp"}]>>

// -----

// expected-error @+1 {{axis "tp" is used twice; a value has one placement on it}}
%x = "test.value"() : () -> tensor<8x8xf32, #tp.sharding<@mesh, [{"tp"}, {"tp"}]>>

// -----

// expected-error @+1 {{axis "tp" is used twice; a value has one placement on it}}
%x = "test.value"() : () -> tensor<8xf32, #tp.sharding<@mesh, [{"tp"}], partial = {"tp"}>>

// -----

// expected-error @+1 {{names axis "tp" twice}}
tp.mesh @mesh ["tp" = 2, "tp" = 2]

// -----

// expected-error @+1 {{gives axis "tp" the size 0; an axis has at least one rank}}
tp.mesh @mesh ["tp" = 0]

// -----

module {
  "test.region"() ({
    // expected-error @+1 {{stands in the module itself}}
    tp.mesh @mesh ["tp" = 2]
  }) : () -> ()
}

// -----

tp.mesh @mesh ["tp" = 2]
// expected-error @+1 {{is a second mesh; a module has one}}
tp.mesh @other ["tp" = 2]

// -----

%x = "test.value"() : () -> tensor<8x4xf32>
// expected-error @+1 {{changes the sharding alone, but its operand is 'tensor<8x4xf32>' and its result 'tensor<8x8xf32>'}}
%y = tp.reshard %x why "w" : tensor<8x4xf32> -> tensor<8x8xf32>

// -----

%x = "test.value"() : () -> tensor<8x4xf32>
// expected-error @+1 {{needs the module's tp.mesh, and there is none}}
%y = tp.all_reduce sum %x on "tp" why "w" : (tensor<8x4xf32>) -> tensor<8x4xf32>

// -----

tp.mesh @mesh ["tp" = 2]
%x = "test.value"() : () -> tensor<8x4xf32>
// expected-error @+1 {{names axis "dp", which the mesh lacks}}
%y = tp.all_reduce sum %x on "dp" why "w" : (tensor<8x4xf32>) -> tensor<8x4xf32>

// -----

tp.mesh @mesh ["tp" = 2]
%x = "test.value"() : () -> tensor<8x4xf32>
// expected-error @+1 {{has 1 inputs, but 2 results}}
%y:2 = tp.all_reduce sum %x on "tp" why "w" : (tensor<8x4xf32>) -> (tensor<8x4xf32>, tensor<8x4xf32>)

// -----

tp.mesh @mesh ["tp" = 2]
// expected-error @+1 {{needs at least one tensor}}
"tp.all_reduce"() {axis = "tp", kind = #tp<reduce sum>, why = "w"} : () -> ()

// -----

tp.mesh @mesh ["tp" = 2]
%x = "test.value"() : () -> tensor<8x4xf32>
// expected-error @+1 {{result 0 is 'tensor<8x2xf32>', expected 'tensor<8x4xf32>'}}
%y = tp.all_reduce sum %x on "tp" why "w" : (tensor<8x4xf32>) -> tensor<8x2xf32>

// -----

tp.mesh @mesh ["tp" = 2]
%x = "test.value"() : () -> tensor<8x4xf32>
// expected-error @+1 {{names dim 2 of a tensor of rank 2}}
%y = tp.all_gather %x dim 2 on "tp" why "w" : (tensor<8x4xf32>) -> tensor<8x4xf32>

// -----

tp.mesh @mesh ["tp" = 2]
%x = "test.value"() : () -> tensor<8x4xf32>
// expected-error @+1 {{result 0 is 'tensor<8x4xf32>', expected 'tensor<16x4xf32>'}}
%y = tp.all_gather %x dim 0 on "tp" why "w" : (tensor<8x4xf32>) -> tensor<8x4xf32>

// -----

tp.mesh @mesh ["tp" = 2]
%x = "test.value"() : () -> tensor<7x4xf32>
// expected-error @+1 {{splits dim 0 of extent 7 over 2 ranks, which does not divide; pad it first}}
%y = tp.reduce_scatter %x dim 0 on "tp" why "w" : (tensor<7x4xf32>) -> tensor<3x4xf32>

// -----

tp.mesh @mesh ["tp" = 2]
%x = "test.value"() : () -> tensor<8x4xf32>
// expected-error @+1 {{result 0 is 'tensor<8x4xf32>', expected 'tensor<4x4xf32>'}}
%y = tp.reduce_scatter %x dim 0 on "tp" why "w" : (tensor<8x4xf32>) -> tensor<8x4xf32>

// -----

tp.mesh @mesh ["tp" = 2]
%x = "test.value"() : () -> tensor<8x4xf32>
// expected-error @+1 {{moves the split from dim 0 to itself}}
%y = tp.all_to_all %x from 0 to 0 on "tp" why "w" : (tensor<8x4xf32>) -> tensor<8x4xf32>

// -----

tp.mesh @mesh ["tp" = 2]
%x = "test.value"() : () -> tensor<8x3xf32>
// expected-error @+1 {{splits dim 1 of extent 3 over 2 ranks, which does not divide; pad it first}}
%y = tp.all_to_all %x from 0 to 1 on "tp" why "w" : (tensor<8x3xf32>) -> tensor<16x1xf32>

// -----

tp.mesh @mesh ["tp" = 2]
%x = "test.value"() : () -> tensor<8x4xf32>
// expected-error @+1 {{result is 'tensor<2x4xf32>', expected 'tensor<4x4xf32>'}}
%y = tp.slice %x dim 0 on "tp" why "w" : tensor<8x4xf32> -> tensor<2x4xf32>

// -----

// expected-error @+1 {{has the extent 0, which is not positive}}
%o = tp.offset 0

// -----

tp.mesh @mesh ["tp" = 2]
// expected-error @+1 {{names axis "dp", which the mesh lacks}}
%o = tp.offset 4 on "dp"

// -----

%x = "test.value"() : () -> tensor<8x4xf32>
%o = tp.offset 8
// expected-error @+1 {{keeps the type, but its operand is 'tensor<8x4xf32>' and its result 'tensor<8x2xf32>'}}
%y = tp.mask %x at %o dim 0 minor 1 extent 8 logical 7 fill 0.0 : tensor<8x4xf32> -> tensor<8x2xf32>

// -----

%x = "test.value"() : () -> tensor<8xi32>
%o = tp.offset 8
// expected-error @+1 {{masks floats, not 'i32'}}
%y = tp.mask %x at %o dim 0 minor 1 extent 8 logical 7 fill 0.0 : tensor<8xi32> -> tensor<8xi32>

// -----

%x = "test.value"() : () -> tensor<8xf32>
%o = tp.offset 8
// expected-error @+1 {{names dim 1 of a tensor of rank 1}}
%y = tp.mask %x at %o dim 1 minor 1 extent 8 logical 7 fill 0.0 : tensor<8xf32> -> tensor<8xf32>

// -----

%x = "test.value"() : () -> tensor<8xf32>
%o = tp.offset 8
// expected-error @+1 {{dim 0 of extent 8 has no factor of local extent 3 with the minor size 1}}
%y = tp.mask %x at %o dim 0 minor 1 extent 3 logical 7 fill 0.0 : tensor<8xf32> -> tensor<8xf32>

// -----

%x = "test.value"() : () -> tensor<8xf32>
%o = tp.offset 8
// expected-error @+1 {{has the logical extent 0, which is not positive}}
%y = tp.mask %x at %o dim 0 minor 1 extent 8 logical 0 fill 0.0 : tensor<8xf32> -> tensor<8xf32>
