// RUN: tpc-opt %s -tpc-schedule=overlap -split-input-file | FileCheck %s
// RUN: tpc-opt %s -tpc-schedule -split-input-file | FileCheck %s --check-prefix=ONE-STREAM

// ONE-STREAM-NOT: stream

// What the reduction needs comes first; the weight gradient, which it does not need, runs beside it, and
// what uses the sum comes last.
// CHECK-LABEL: nn.entry @backward
// CHECK: nn.linear_input_grad
// CHECK-NEXT: tp.all_reduce sum {{.*}}tp.stream = 1 : i64
// CHECK-NEXT: nn.linear_weight_grad
// CHECK-NEXT: nn.linear_input_grad
// CHECK-NEXT: nn.return
module {
  tp.mesh @mesh ["tp" = 2]
  nn.input @x : tensor<4x8xf32> dims ["", ""]
  nn.parameter @w : tensor<8x8xf32> init #nn.init<zeros>
  nn.entry @backward outputs ["dw", "dz"] {
    %x = nn.read @x : tensor<4x8xf32>
    %w = nn.read @w : tensor<8x8xf32>
    %dw = nn.linear_weight_grad %x, %x {nn.phase = "backward"} : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<8x8xf32>
    %dx = nn.linear_input_grad %x, %w {nn.phase = "backward"} : (tensor<4x8xf32>, tensor<8x8xf32>) -> tensor<4x8xf32>
    %sum = tp.all_reduce sum %dx on "tp" why "test" {nn.phase = "backward"} : (tensor<4x8xf32>) -> tensor<4x8xf32>
    %dz = nn.linear_input_grad %sum, %w {nn.phase = "backward"} : (tensor<4x8xf32>, tensor<8x8xf32>) -> tensor<4x8xf32>
    nn.return %dw, %dz : tensor<8x8xf32>, tensor<4x8xf32>
  }
}

// -----

// An update that needs a sum over ranks does not hold up the layer before: it comes when the sum is
// there, which small work does not fill, so at the end. Reads stand before their first use.
// CHECK-LABEL: nn.entry @update
// CHECK: %[[G:.+]] = nn.linear_weight_grad
// CHECK-NEXT: %[[S:.+]] = tp.all_reduce sum %[[G]]
// CHECK-NEXT: %[[U:.+]] = nn.read @u
// CHECK-NEXT: nn.linear_input_grad %{{.+}}, %[[U]]
// CHECK-NEXT: %[[W:.+]] = nn.read @w
// CHECK-NEXT: nn.kernel "step" (%{{.+}} = %[[W]] : {{.*}}, %{{.+}} = %[[S]] :
// CHECK: nn.write %{{.+}}, @w
module {
  tp.mesh @mesh ["dp" = 2]
  nn.input @x : tensor<4x8xf32> dims ["", ""]
  nn.parameter @w : tensor<8x8xf32> init #nn.init<zeros>
  nn.parameter @u : tensor<8x8xf32> init #nn.init<zeros>
  nn.entry @update outputs ["dx"] {
    %x = nn.read @x : tensor<4x8xf32>
    %w = nn.read @w : tensor<8x8xf32>
    %u = nn.read @u : tensor<8x8xf32>
    %dw = nn.linear_weight_grad %x, %x {nn.phase = "backward"} : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<8x8xf32>
    %sum = tp.all_reduce sum %dw on "dp" why "test" {nn.phase = "backward"} : (tensor<8x8xf32>) -> tensor<8x8xf32>
    %dx = nn.linear_input_grad %x, %u {nn.phase = "backward"} : (tensor<4x8xf32>, tensor<8x8xf32>) -> tensor<4x8xf32>
    %new = nn.kernel "step" (%a = %w : tensor<8x8xf32>, %b = %sum : tensor<8x8xf32>) -> (tensor<8x8xf32>) attributes {nn.phase = "update"} {
      %r = nn.sub %a, %b : (tensor<8x8xf32>, tensor<8x8xf32>) -> tensor<8x8xf32>
      nn.yield %r : tensor<8x8xf32>
    }
    nn.write %new, @w {nn.phase = "update"} : tensor<8x8xf32>
    nn.return %dx : tensor<4x8xf32>
  }
}

// -----

// Collectives keep their order, and work of a later stretch (behind the second one) stays there,
// though it could fill the time of the first.
// CHECK-LABEL: nn.entry @forward
// CHECK: tp.all_reduce sum {{.*}} why "first"
// CHECK: %[[B:.+]] = nn.linear
// CHECK-NEXT: tp.all_reduce sum %[[B]] {{.*}} why "second"
// CHECK: nn.kernel "later"
module {
  tp.mesh @mesh ["tp" = 2]
  nn.input @x : tensor<4x8xf32> dims ["", ""]
  nn.parameter @w : tensor<8x8xf32> init #nn.init<zeros>
  nn.entry @forward outputs ["y"] {
    %x = nn.read @x : tensor<4x8xf32>
    %w = nn.read @w : tensor<8x8xf32>
    %a = tp.all_reduce sum %x on "tp" why "first" : (tensor<4x8xf32>) -> tensor<4x8xf32>
    %b = nn.linear %a, %w : (tensor<4x8xf32>, tensor<8x8xf32>) -> tensor<4x8xf32>
    %c = tp.all_reduce sum %b on "tp" why "second" : (tensor<4x8xf32>) -> tensor<4x8xf32>
    %v = nn.kernel "later" (%p = %w : tensor<8x8xf32>) -> (tensor<8x8xf32>) {
      %r = nn.exp %p : (tensor<8x8xf32>) -> tensor<8x8xf32>
      nn.yield %r : tensor<8x8xf32>
    }
    %y = nn.linear %c, %v : (tensor<4x8xf32>, tensor<8x8xf32>) -> tensor<4x8xf32>
    nn.return %y : tensor<4x8xf32>
  }
}
