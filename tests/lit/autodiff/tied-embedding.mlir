// RUN: tpc-opt %s --tpc-resolve-reads --tpc-expand-composites --tpc-build-training --tpc-verify-grad | FileCheck %s

// A tie is read as its target: one storage, one read, one gradient with one add of both uses.

nn.input @tokens : tensor<2x4xi32> dims ["", ""] feed #nn.tokens<>
nn.input @targets : tensor<2x4xi32> dims ["", ""] feed #nn.tokens<shift = 1, tail = -100>
nn.scalar @lr : tensor<f32> = 0.01
nn.parameter @wte : tensor<16x8xf32> init #nn.init<normal, 0.0, 0.02>
nn.tie @lm_head to @wte init #nn.init<normal, 0.0, 1.0>

nn.entry @loss outputs ["loss"] {
  %tokens = nn.read @tokens : tensor<2x4xi32>
  %targets = nn.read @targets : tensor<2x4xi32>
  %wte = nn.read @wte : tensor<16x8xf32>
  %x = nn.embedding %tokens, %wte : (tensor<2x4xi32>, tensor<16x8xf32>) -> tensor<2x4x8xf32>
  %head = nn.read @lm_head : tensor<16x8xf32>
  %logits = nn.linear %x, %head : (tensor<2x4x8xf32>, tensor<16x8xf32>) -> tensor<2x4x16xf32>
  %loss = nn.cross_entropy %logits, %targets : (tensor<2x4x16xf32>, tensor<2x4xi32>) -> tensor<f32>
  nn.return %loss : tensor<f32>
}
nn.training @train of @loss optimizer #nn.sgd<lr = @lr>

// CHECK-LABEL: nn.entry @train
// CHECK: %[[WTE:.*]] = nn.read @wte
// CHECK-NOT: nn.read @lm_head
// CHECK: nn.linear %{{.*}}, %[[WTE]]
// CHECK: %[[HEAD:.*]] = nn.linear_weight_grad
// CHECK-NEXT: %[[TABLE:.*]] = nn.embedding_grad %{{.*}} like %[[WTE]]
// CHECK-NEXT: %[[SUM:.*]] = nn.add %[[HEAD]], %[[TABLE]] {nn.phase = "backward"}
// CHECK: nn.sgd %[[WTE]], %[[SUM]]
// CHECK-NEXT: nn.write %{{.*}}, @wte
// CHECK-NEXT: nn.return
