// RUN: tpc-opt %s --tpc-recompute=mode=none | FileCheck %s --check-prefix=NONE
// RUN: tpc-opt %s --tpc-recompute=mode=selective | FileCheck %s --check-prefix=SELECTIVE
// RUN: tpc-opt %s --tpc-recompute=mode=full | FileCheck %s --check-prefix=FULL
// RUN: not tpc-opt %s --tpc-recompute=mode=some 2>&1 | FileCheck %s --check-prefix=MODE

// MODE: 'some' is none of none, selective, full

nn.input @x : tensor<4x8xf32> dims ["", ""] draw #nn.init<normal, 0.0, 1.0>
nn.parameter @h.0.w : tensor<8x8xf32> init #nn.init<normal, 0.0, 0.02>
nn.parameter @h.1.w : tensor<8x8xf32> init #nn.init<normal, 0.0, 0.02>

// Two layers y = x + gelu(x W^T), and the part of their backward pass that reads forward values.
nn.entry @train outputs ["a", "b", "c", "d"] {
  %x = nn.read @x {nn.phase = "forward"} : tensor<4x8xf32>
  %w0 = nn.read @h.0.w {nn.phase = "forward", nn.scope = "h.0"} : tensor<8x8xf32>
  %w1 = nn.read @h.1.w {nn.phase = "forward", nn.scope = "h.1"} : tensor<8x8xf32>
  %l0 = nn.linear %x, %w0 {nn.phase = "forward", nn.scope = "h.0"} : (tensor<4x8xf32>, tensor<8x8xf32>) -> tensor<4x8xf32>
  %g0 = nn.gelu %l0 {nn.phase = "forward", nn.scope = "h.0"} : (tensor<4x8xf32>) -> tensor<4x8xf32>
  %y0 = nn.add %x, %g0 {nn.phase = "forward", nn.scope = "h.0"} : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
  %l1 = nn.linear %y0, %w1 {nn.phase = "forward", nn.scope = "h.1"} : (tensor<4x8xf32>, tensor<8x8xf32>) -> tensor<4x8xf32>
  %g1 = nn.gelu %l1 {nn.phase = "forward", nn.scope = "h.1"} : (tensor<4x8xf32>) -> tensor<4x8xf32>
  %s1 = nn.square %g1 {nn.phase = "forward", nn.scope = "h.1"} : (tensor<4x8xf32>) -> tensor<4x8xf32>
  %seed = nn.fill 1.0 {nn.phase = "backward"} : tensor<4x8xf32>
  %d1 = nn.mul %seed, %g1 {nn.phase = "backward", nn.scope = "h.1"} : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
  %e1 = nn.gelu_grad %l1, %d1 {nn.phase = "backward", nn.scope = "h.1"} : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
  %f1 = nn.linear_weight_grad %e1, %y0 {nn.phase = "backward", nn.scope = "h.1"} : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<8x8xf32>
  %f0 = nn.gelu_grad %l0, %d1 {nn.phase = "backward", nn.scope = "h.0"} : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
  nn.return %s1, %f1, %f0, %e1 : tensor<4x8xf32>, tensor<8x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>
}

// All is kept that a product reads, or made; what a kernel can make of that is not.
// NONE-COUNT-2: nn.linear %
// NONE: nn.fill
// NONE-NEXT: %[[G1:.*]] = nn.gelu %{{.*}} {nn.phase = "backward", nn.scope = "h.1"}
// NONE-NEXT: nn.mul %{{.*}}, %[[G1]]
// NONE-NOT: nn.linear %
// NONE-NOT: nn.gelu %
// NONE-NOT: nn.add %

// The GEMMs' results are kept. gelu and the add, each behind one of them, are computed again where they
// are first needed, as a part of the backward pass.
// SELECTIVE: %[[X:.*]] = nn.read @x
// SELECTIVE: %[[L0:.*]] = nn.linear %[[X]],
// SELECTIVE: %[[L1:.*]] = nn.linear
// SELECTIVE: nn.square
// SELECTIVE: nn.fill
// SELECTIVE-NEXT: %[[G1:.*]] = nn.gelu %[[L1]] {nn.phase = "backward", nn.scope = "h.1"}
// SELECTIVE-NEXT: nn.mul %{{.*}}, %[[G1]]
// SELECTIVE-NEXT: %[[E1:.*]] = nn.gelu_grad %[[L1]],
// SELECTIVE-NEXT: %[[G0:.*]] = nn.gelu %[[L0]] {nn.phase = "backward", nn.scope = "h.0"}
// SELECTIVE-NEXT: %[[Y0:.*]] = nn.add %[[X]], %[[G0]] {nn.phase = "backward", nn.scope = "h.0"}
// SELECTIVE-NEXT: nn.linear_weight_grad %[[E1]], %[[Y0]]
// SELECTIVE-NEXT: nn.gelu_grad %[[L0]],
// SELECTIVE-NOT: nn.linear %

// What enters layer 1 is kept, and all else that a layer needs follows from what enters it.
// FULL: %[[X:.*]] = nn.read @x
// FULL: %[[W0:.*]] = nn.read @h.0.w
// FULL: %[[W1:.*]] = nn.read @h.1.w
// FULL: %[[Y0:.*]] = nn.add %[[X]],
// FULL: nn.fill
// FULL-NEXT: %[[L1:.*]] = nn.linear %[[Y0]], %[[W1]] {nn.phase = "backward", nn.scope = "h.1"}
// FULL-NEXT: %[[G1:.*]] = nn.gelu %[[L1]]
// FULL-NEXT: nn.mul %{{.*}}, %[[G1]]
// FULL-NEXT: %[[E1:.*]] = nn.gelu_grad %[[L1]],
// FULL-NEXT: nn.linear_weight_grad %[[E1]], %[[Y0]]
// FULL-NEXT: %[[L0:.*]] = nn.linear %[[X]], %[[W0]] {nn.phase = "backward", nn.scope = "h.0"}
// FULL-NEXT: nn.gelu_grad %[[L0]],
