// RUN: tpc-opt %s -tpc-schedule | FileCheck %s

module {
  tp.mesh @mesh ["tp" = 2]
  nn.input @a : tensor<4xf32> dims [""]
  nn.input @b : tensor<4xf32> dims [""]
  nn.input @c : tensor<200000xf32> dims [""]

  // Two small sums side by side become one, with both reasons.
  // CHECK-LABEL: nn.entry @adjacent
  // CHECK: %[[R:.+]]:2 = tp.all_reduce sum %{{.+}}, %{{.+}} on "tp" why "first; second"
  // CHECK-NOT: tp.all_reduce
  // CHECK: nn.return %[[R]]#0, %[[R]]#1
  nn.entry @adjacent outputs ["x", "y"] {
    %a = nn.read @a : tensor<4xf32>
    %b = nn.read @b : tensor<4xf32>
    %x = tp.all_reduce sum %a on "tp" why "first" : (tensor<4xf32>) -> tensor<4xf32>
    %y = tp.all_reduce sum %b on "tp" why "second" : (tensor<4xf32>) -> tensor<4xf32>
    nn.return %x, %y : tensor<4xf32>, tensor<4xf32>
  }

  // The second one needs what the first one gave.
  // CHECK-LABEL: nn.entry @dependent
  // CHECK: tp.all_reduce sum
  // CHECK: tp.all_reduce sum
  nn.entry @dependent outputs ["y"] {
    %a = nn.read @a : tensor<4xf32>
    %x = tp.all_reduce sum %a on "tp" why "first" : (tensor<4xf32>) -> tensor<4xf32>
    %y = tp.all_reduce sum %x on "tp" why "second" : (tensor<4xf32>) -> tensor<4xf32>
    nn.return %y : tensor<4xf32>
  }

  // A use of the first result stands between them, but the second one's input is there already.
  // CHECK-LABEL: nn.entry @hoisted
  // CHECK: tp.all_reduce sum %{{.+}}, %{{.+}} on "tp" why "first; second"
  // CHECK: nn.linear
  // CHECK-NOT: tp.all_reduce
  nn.entry @hoisted outputs ["z", "y"] {
    %a = nn.read @a : tensor<4xf32>
    %b = nn.read @b : tensor<4xf32>
    %w = nn.fill 1.0 : tensor<4x4xf32>
    %x = tp.all_reduce sum %a on "tp" why "first" : (tensor<4xf32>) -> tensor<4xf32>
    %z = nn.linear %x, %w : (tensor<4xf32>, tensor<4x4xf32>) -> tensor<4xf32>
    %y = tp.all_reduce sum %b on "tp" why "second" : (tensor<4xf32>) -> tensor<4xf32>
    nn.return %z, %y : tensor<4xf32>, tensor<4xf32>
  }

  // Neither of another kind, nor large ones.
  // CHECK-LABEL: nn.entry @apart
  // CHECK: tp.all_reduce sum
  // CHECK: tp.all_reduce max
  // CHECK: tp.all_reduce sum
  nn.entry @apart outputs ["x", "y", "z"] {
    %a = nn.read @a : tensor<4xf32>
    %b = nn.read @b : tensor<4xf32>
    %c = nn.read @c : tensor<200000xf32>
    %x = tp.all_reduce sum %a on "tp" why "first" : (tensor<4xf32>) -> tensor<4xf32>
    %y = tp.all_reduce max %b on "tp" why "second" : (tensor<4xf32>) -> tensor<4xf32>
    %z = tp.all_reduce sum %c on "tp" why "third" : (tensor<200000xf32>) -> tensor<200000xf32>
    nn.return %x, %y, %z : tensor<4xf32>, tensor<4xf32>, tensor<200000xf32>
  }

  // Large ones of one place in the model travel together, though an update stands ready to use the
  // first of them up.
  // CHECK-LABEL: nn.entry @one_place
  // CHECK: tp.all_reduce sum %{{[a-z0-9]+}} on "tp" why "first"
  // CHECK: tp.all_reduce sum %{{[^,]+}}, %{{.+}} on "tp" why "second; third"
  // CHECK-NOT: tp.all_reduce
  nn.entry @one_place outputs ["x", "y", "z"] {
    %c = nn.read @c : tensor<200000xf32>
    %x = tp.all_reduce sum %c on "tp" why "first" {nn.phase = "backward", nn.scope = "h.0.mlp"} : (tensor<200000xf32>) -> tensor<200000xf32>
    %y = tp.all_reduce sum %c on "tp" why "second" {nn.phase = "backward", nn.scope = "h.0.attn"} : (tensor<200000xf32>) -> tensor<200000xf32>
    %z = tp.all_reduce sum %c on "tp" why "third" {nn.phase = "backward", nn.scope = "h.0.attn"} : (tensor<200000xf32>) -> tensor<200000xf32>
    nn.return %x, %y, %z : tensor<200000xf32>, tensor<200000xf32>, tensor<200000xf32>
  }
}
