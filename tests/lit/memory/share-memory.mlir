// RUN: tpc-opt %s -tpc-share-memory | FileCheck %s

module {
  nn.input @x : tensor<4x8xf32> dims ["", ""]
  nn.parameter @w : tensor<4x8xf32> init #nn.init<zeros>

  // The update takes the parameter's place; the sum takes that of the input that dies there, not that
  // of the one which is used again, and never that of an input of the entry.
  // CHECK-LABEL: nn.entry @train
  // CHECK: nn.kernel "kept"
  // CHECK-NOT: in_place
  // CHECK: nn.kernel "sum"
  // CHECK: in_place = array<i64: 0, 1>
  // CHECK: nn.kernel "step"
  // CHECK: in_place = array<i64: 0, 0>
  nn.entry @train outputs ["y", "z"] {
    %x = nn.read @x : tensor<4x8xf32>
    %w = nn.read @w : tensor<4x8xf32>
    %y = nn.kernel "kept" (%a = %x : tensor<4x8xf32>) -> (tensor<4x8xf32>) {
      %r = nn.exp %a : (tensor<4x8xf32>) -> tensor<4x8xf32>
      nn.yield %r : tensor<4x8xf32>
    }
    %t = nn.kernel "dies" (%a = %x : tensor<4x8xf32>) -> (tensor<4x8xf32>) {
      %r = nn.neg %a : (tensor<4x8xf32>) -> tensor<4x8xf32>
      nn.yield %r : tensor<4x8xf32>
    }
    %z = nn.kernel "sum" (%a = %y : tensor<4x8xf32>, %b = %t : tensor<4x8xf32>) -> (tensor<4x8xf32>) {
      %r = nn.add %a, %b : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
      nn.yield %r : tensor<4x8xf32>
    }
    %new = nn.kernel "step" (%a = %w : tensor<4x8xf32>, %b = %z : tensor<4x8xf32>) -> (tensor<4x8xf32>) {
      %r = nn.sub %a, %b : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
      nn.yield %r : tensor<4x8xf32>
    }
    nn.write %new, @w : tensor<4x8xf32>
    nn.return %y, %z : tensor<4x8xf32>, tensor<4x8xf32>
  }
}
