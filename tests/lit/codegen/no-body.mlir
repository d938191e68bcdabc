// RUN: tpc-opt %s -tpc-kernels-to-linalg -verify-diagnostics

module {
  nn.input @x : tensor<4x8xf32> dims ["", ""]
  nn.entry @e outputs ["y"] {
    %x = nn.read @x : tensor<4x8xf32>
    %k = nn.kernel "k" (%a = %x : tensor<4x8xf32>) -> (tensor<4x4xf32>) {
      // expected-error@+1 {{has no body, and cannot be in kernel 'k'; implement BodyOp in the op's file under dialects/nn}}
      %y = nn.linear %a, %a : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x4xf32>
      nn.yield %y : tensor<4x4xf32>
    }
    nn.return %k : tensor<4x4xf32>
  }
}
