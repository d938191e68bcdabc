// REQUIRES: tpc-compile
// RUN: tpc-compile compile %models/mlp.mlir --tp 2 --stop-after sharded > %t
// RUN: tpc-opt %t --tpc-verify-sharded -o %t.again
// RUN: grep -c tp.reshard %t | FileCheck %s --check-prefix=COUNT
// COUNT: 2
// RUN: grep -E 'nn\.(parameter|input|state) |nn\.entry|tp\.reshard' %t | FileCheck %s

// What mlp holds where, and every change of a placement, on two ranks.

// CHECK: nn.input @x : tensor<8x128xf32, #tp.sharding<@mesh, [{}, {}]>>{{.*}}
// CHECK-NEXT: nn.parameter @fc1 : tensor<128x128xf32, #tp.sharding<@mesh, [{"tp"}, {}]>>{{.*}}
// CHECK-NEXT: nn.parameter @fc2 : tensor<128x128xf32, #tp.sharding<@mesh, [{}, {"tp"}]>>{{.*}}
// CHECK-NEXT: nn.entry @loss outputs ["loss", "y"] {
// CHECK-NEXT: tp.reshard %{{[^ ]+}} why "nn.sum takes operand 0 replicated on tp{{.*}}" {nn.phase = "forward"} : tensor<8x128xf32, #tp.sharding<@mesh, [{}, {}], partial = {"tp"}>> -> tensor<8x128xf32, #tp.sharding<@mesh, [{}, {}]>>
// CHECK-NEXT: nn.state @fc1.m : tensor<128x128xf32, #tp.sharding<@mesh, [{"tp"}, {}]>>{{.*}}
// CHECK-NEXT: nn.state @fc1.v : tensor<128x128xf32, #tp.sharding<@mesh, [{"tp"}, {}]>>{{.*}}
// CHECK-NEXT: nn.state @fc2.m : tensor<128x128xf32, #tp.sharding<@mesh, [{}, {"tp"}]>>{{.*}}
// CHECK-NEXT: nn.state @fc2.v : tensor<128x128xf32, #tp.sharding<@mesh, [{}, {"tp"}]>>{{.*}}
// CHECK-NEXT: nn.entry @train outputs ["loss"] {
// CHECK-NEXT: tp.reshard %{{[^ ]+}} why "nn.return takes operand 0 replicated on tp{{.*}}" {nn.phase = "forward"} : tensor<f32, #tp.sharding<@mesh, [], partial = {"tp"}>> -> tensor<f32, #tp.sharding<@mesh, []>>
// CHECK-NOT: {{.}}
