// RUN: tpc-opt %s -tpc-fuse -tpc-kernels-to-linalg | FileCheck %s

// Elements are widened where they are read, computed with in float32, and rounded where they are
// set. What only moves stays as it is.
module {
  nn.input @x : tensor<4x8xbf16> dims ["", ""]
  nn.entry @e outputs ["y", "t"] {
    %x = nn.read @x : tensor<4x8xbf16>
    %y = nn.exp %x : (tensor<4x8xbf16>) -> tensor<4x8xbf16>
    %t = nn.transpose %x [1, 0] : (tensor<4x8xbf16>) -> tensor<8x4xbf16>
    nn.return %y, %t : tensor<4x8xbf16>, tensor<8x4xbf16>
  }
}

// CHECK: func.func @exp
// CHECK: ^bb0(%[[X:.*]]: bf16, %{{.*}}: bf16):
// CHECK-NEXT: %[[WIDE:.*]] = arith.extf %[[X]] : bf16 to f32
// CHECK-NEXT: %[[EXP:.*]] = math.exp %[[WIDE]] : f32
// CHECK-NEXT: %[[NARROW:.*]] = arith.truncf %[[EXP]] : f32 to bf16
// CHECK-NEXT: linalg.yield %[[NARROW]] : bf16

// CHECK: func.func @transpose(%[[X:.*]]: tensor<4x8xbf16>)
// CHECK: %[[I:.*]] = linalg.index 0
// CHECK: %[[J:.*]] = linalg.index 1
// CHECK: %[[ELEMENT:.*]] = tensor.extract %[[X]][%[[J]], %[[I]]]
// CHECK-NEXT: linalg.yield %[[ELEMENT]] : bf16
