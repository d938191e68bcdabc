// RUN: tpc-opt %s --tpc-apply-precision=precision=f64 --tpc-expand-composites | FileCheck %s
// RUN: tpc-opt %s --tpc-apply-precision | FileCheck %s --check-prefix=F32
// RUN: not tpc-opt %s --tpc-apply-precision=precision=f16 2>&1 | FileCheck %s --check-prefix=UNKNOWN

// UNKNOWN: no such precision: "f16"; there are f32, tf32, bf16 and f64

// F32-NOT: f64>
// CHECK-NOT: f32
// CHECK: nn.input @x : tensor<2x3xf64> {{.*}} default dense<{{.*}}1.000000e+00, 2.500000e+00
nn.input @x : tensor<2x3xf32> dims ["", ""] default dense<[[1.0, 2.5, 3.0], [4.0, 5.0, 6.0]]> : tensor<2x3xf32>
// CHECK: nn.input @labels : tensor<2xi32>
nn.input @labels : tensor<2xi32> dims [""] default dense<0> : tensor<2xi32>
// CHECK: nn.parameter @w : tensor<3xf64>
nn.parameter @w : tensor<3xf32> init #nn.init<ones>
nn.entry @loss outputs ["loss"] {
  %x = nn.read @x : tensor<2x3xf32>
  %labels = nn.read @labels : tensor<2xi32>
  %w = nn.read @w : tensor<3xf32>
  // CHECK: nn.mul {{.*}} : (tensor<2x3xf64>, tensor<3xf64>) -> tensor<2x3xf64>
  %y = nn.mul %x, %w : (tensor<2x3xf32>, tensor<3xf32>) -> tensor<2x3xf32>
  // CHECK: nn.count_labels {{.*}}wide} : (tensor<2xi32>) -> tensor<f64>
  %loss = nn.cross_entropy %y, %labels : (tensor<2x3xf32>, tensor<2xi32>) -> tensor<f32>
  nn.return %loss : tensor<f32>
}
