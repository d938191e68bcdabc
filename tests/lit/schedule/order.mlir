// RUN: tpc-opt %s -tpc-schedule | FileCheck %s

// An update runs as soon as it can, but not before the other uses of its parameter; a write stands
// behind every use of the value that it replaces.
module {
  nn.input @x : tensor<4x8xf32> dims ["", ""]
  nn.parameter @w : tensor<8x8xf32> init #nn.init<zeros>
  nn.parameter @u : tensor<8x8xf32> init #nn.init<zeros>

  // CHECK-LABEL: nn.entry @train
  // CHECK: nn.linear_weight_grad
  // CHECK-NEXT: nn.kernel "step_u"
  // CHECK: nn.write %{{.+}}, @u
  // CHECK: nn.linear_input_grad
  // CHECK-NEXT: nn.kernel "step_w"
  // CHECK: nn.write %{{.+}}, @w
  // CHECK: nn.return
  nn.entry @train outputs ["dx"] {
    %x = nn.read @x : tensor<4x8xf32>
    %w = nn.read @w : tensor<8x8xf32>
    %u = nn.read @u : tensor<8x8xf32>
    %g = nn.linear_weight_grad %x, %x {nn.phase = "backward"} : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<8x8xf32>
    %dx = nn.linear_input_grad %x, %w {nn.phase = "backward"} : (tensor<4x8xf32>, tensor<8x8xf32>) -> tensor<4x8xf32>
    %new_w = nn.kernel "step_w" (%a = %w : tensor<8x8xf32>, %b = %g : tensor<8x8xf32>) -> (tensor<8x8xf32>) attributes {nn.phase = "update"} {
      %r = nn.sub %a, %b : (tensor<8x8xf32>, tensor<8x8xf32>) -> tensor<8x8xf32>
      nn.yield %r : tensor<8x8xf32>
    }
    nn.write %new_w, @w {nn.phase = "update"} : tensor<8x8xf32>
    %new_u = nn.kernel "step_u" (%a = %u : tensor<8x8xf32>, %b = %g : tensor<8x8xf32>) -> (tensor<8x8xf32>) attributes {nn.phase = "update"} {
      %r = nn.sub %a, %b : (tensor<8x8xf32>, tensor<8x8xf32>) -> tensor<8x8xf32>
      nn.yield %r : tensor<8x8xf32>
    }
    nn.write %new_u, @u {nn.phase = "update"} : tensor<8x8xf32>
    nn.return %dx : tensor<4x8xf32>
  }
}
