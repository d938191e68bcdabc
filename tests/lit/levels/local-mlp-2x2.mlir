// REQUIRES: tpc-compile
// RUN: tpc-compile compile %models/mlp.mlir --dp 2 --tp 2 --stop-after local > %t
// RUN: tpc-opt %t --tpc-verify-local -o %t.again
// RUN: grep -cE 'tp\.(all_|reduce_)' %t | FileCheck %s --check-prefix=COUNT
// COUNT: 6
// RUN: grep -E 'nn\.entry|tp\.(all_|reduce_|slice|mask|offset)' %t | FileCheck %s

// Collectives, slices, masks and offsets: mlp on a 2 x 2 mesh.

// CHECK: nn.entry @loss outputs ["loss", "y"] {
// CHECK-NEXT: tp.all_reduce sum %{{[^ ]+}} on "tp" why "nn.sum takes operand 0 replicated on dp, replicated on tp{{.*}}" {nn.phase = "forward"} : (tensor<4x128xf32>) -> tensor<4x128xf32>
// CHECK-NEXT: tp.all_gather %{{[^ ]+}} dim 0 on "dp" why "nn.sum takes operand 0 replicated on dp, replicated on tp{{.*}}" {nn.phase = "forward"} : (tensor<4x128xf32>) -> tensor<8x128xf32>
// CHECK-NEXT: nn.entry @train outputs ["loss"] {
// CHECK-NEXT: tp.all_reduce sum %{{[^ ]+}} on "dp" why "nn.return takes operand 0 replicated on dp, replicated on tp{{.*}}" {nn.phase = "forward"} : (tensor<f32>) -> tensor<f32>
// CHECK-NEXT: tp.all_reduce sum %{{[^ ]+}} on "tp" why "nn.return takes operand 0 replicated on dp, replicated on tp{{.*}}" {nn.phase = "forward"} : (tensor<f32>) -> tensor<f32>
// CHECK-NEXT: tp.all_reduce sum %{{[^ ]+}} on "dp" why "fc2 nn.adam takes operand 1 replicated on dp{{.*}}" {nn.phase = "backward"} : (tensor<128x64xf32>) -> tensor<128x64xf32>
// CHECK-NEXT: tp.all_reduce sum %{{[^ ]+}} on "dp" why "fc1 nn.adam takes operand 1 replicated on dp{{.*}}" {nn.phase = "backward"} : (tensor<64x128xf32>) -> tensor<64x128xf32>
// CHECK-NOT: {{.}}
