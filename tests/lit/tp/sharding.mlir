// RUN: tpc-opt %s -allow-unregistered-dialect | tpc-opt -allow-unregistered-dialect | FileCheck %s

// Every form of a sharding, and every op of the dialect, is printed as it is read.

// CHECK: tp.mesh @mesh ["dp" = 2, "tp" = 4]
tp.mesh @mesh ["dp" = 2, "tp" = 4]

// CHECK: tensor<8x128xf32, #tp.sharding<@mesh, [{}, {"tp"}]>>
%a = "test.value"() : () -> tensor<8x128xf32, #tp.sharding<@mesh, [{}, {"tp"}]>>
// CHECK: tensor<50257x768xf32, #tp.sharding<@mesh, [{50257:50260 "tp"}, {}]>>
%b = "test.value"() : () -> tensor<50257x768xf32, #tp.sharding<@mesh, [{50257:50260 "tp"}, {}]>>
// CHECK: tensor<8x768xf32, #tp.sharding<@mesh, [{"dp"}, {12:16 "tp", 64}]>>
%c = "test.value"() : () -> tensor<8x768xf32, #tp.sharding<@mesh, [{"dp"}, {12:16 "tp", 64}]>>
// CHECK: tensor<8xf32, #tp.sharding<@mesh, [{"dp" "tp"}]>>
%d = "test.value"() : () -> tensor<8xf32, #tp.sharding<@mesh, [{"dp" "tp"}]>>
// CHECK: tensor<8xf32, #tp.sharding<@mesh, [{}], partial = {"dp", max "tp"}>>
%e = "test.value"() : () -> tensor<8xf32, #tp.sharding<@mesh, [{}], partial = {"dp", max "tp"}>>
// CHECK: tensor<f32, #tp.sharding<@mesh, []>>
%f = "test.value"() : () -> tensor<f32, #tp.sharding<@mesh, []>>

// CHECK: tp.reshard %{{.*}} why "the op needs it"
%r = tp.reshard %a why "the op needs it" : tensor<8x128xf32, #tp.sharding<@mesh, [{}, {"tp"}]>> -> tensor<8x128xf32, #tp.sharding<@mesh, [{}, {}]>>

%x = "test.value"() : () -> tensor<8x4xf32>
%y = "test.value"() : () -> tensor<4xf32>
// CHECK: tp.all_reduce sum %{{.*}}, %{{.*}} on "tp" why "w"
%s:2 = tp.all_reduce sum %x, %y on "tp" why "w" : (tensor<8x4xf32>, tensor<4xf32>) -> (tensor<8x4xf32>, tensor<4xf32>)
// CHECK: tp.all_gather %{{.*}} dim 0 on "tp" why "w" : (tensor<8x4xf32>) -> tensor<32x4xf32>
%g = tp.all_gather %x dim 0 on "tp" why "w" : (tensor<8x4xf32>) -> tensor<32x4xf32>
// CHECK: tp.reduce_scatter %{{.*}} dim 0 on "tp" why "w" : (tensor<8x4xf32>) -> tensor<2x4xf32>
%h = tp.reduce_scatter %x dim 0 on "tp" why "w" : (tensor<8x4xf32>) -> tensor<2x4xf32>
// CHECK: tp.all_to_all %{{.*}} from 1 to 0 on "tp" why "w" : (tensor<8x4xf32>) -> tensor<2x16xf32>
%t = tp.all_to_all %x from 1 to 0 on "tp" why "w" : (tensor<8x4xf32>) -> tensor<2x16xf32>
// CHECK: tp.slice %{{.*}} dim 0 on "dp" why "w" : tensor<8x4xf32> -> tensor<4x4xf32>
%l = tp.slice %x dim 0 on "dp" why "w" : tensor<8x4xf32> -> tensor<4x4xf32>
// CHECK: tp.offset 2 on "tp"
%o = tp.offset 2 on "tp"
// CHECK: tp.offset 2
%p = tp.offset 2
// CHECK: tp.mask %{{.*}} at %{{.*}} dim 0 minor 1 extent 8 logical 30 fill 0.000000e+00
%m = tp.mask %x at %o dim 0 minor 1 extent 8 logical 30 fill 0.0 : tensor<8x4xf32> -> tensor<8x4xf32>
