// RUN: tpc-opt %s -tpc-verify-fused -split-input-file -verify-diagnostics

// A sum over rows is complete after all of them: nothing of its kernel can read it.
module {
  nn.input @x : tensor<4x8xf32> dims ["", ""]
  nn.entry @e outputs ["y"] {
    %x = nn.read @x : tensor<4x8xf32>
    %k = nn.kernel "k" (%a = %x : tensor<4x8xf32>) -> (tensor<8xf32>) {
      %s = nn.sum %a dims [0] : (tensor<4x8xf32>) -> tensor<8xf32>
      // expected-error@+1 {{reads a sum over rows before it is complete (in kernel 'k'); it must be a kernel of its own}}
      %y = nn.neg %s : (tensor<8xf32>) -> tensor<8xf32>
      nn.yield %y : tensor<8xf32>
    }
    nn.return %k : tensor<8xf32>
  }
}

// -----

module {
  nn.input @x : tensor<4x8xf32> dims ["", ""]
  nn.entry @e outputs ["y"] {
    %x = nn.read @x : tensor<4x8xf32>
    %k = nn.kernel "k" (%a = %x : tensor<4x8xf32>) -> (tensor<8xf64>) {
      %s = nn.sum %a dims [0] : (tensor<4x8xf32>) -> tensor<8xf32>
      // expected-error@+1 {{reads a sum over rows before it is complete}}
      %y = nn.cast %s : (tensor<8xf32>) -> tensor<8xf64>
      nn.yield %y : tensor<8xf64>
    }
    nn.return %k : tensor<8xf64>
  }
}

// -----

// Two reductions that cut the domain into rows and columns in different places.
module {
  nn.input @x : tensor<4x6x8xf32> dims ["", "", ""]
  nn.entry @e outputs ["y"] {
    %x = nn.read @x : tensor<4x6x8xf32>
    %k = nn.kernel "k" (%a = %x : tensor<4x6x8xf32>) -> (tensor<8xf32>) {
      // expected-error@+1 {{reduces rows that are not the kernel's}}
      %n, %r = nn.layer_normalize %a {eps = 1.0e-5 : f64} : (tensor<4x6x8xf32>) -> (tensor<4x6x8xf32>, tensor<4x6xf32>)
      %y = nn.sum %n dims [0] : (tensor<4x6x8xf32>) -> tensor<6x8xf32>
      %z = nn.sum %y dims [0] : (tensor<6x8xf32>) -> tensor<8xf32>
      nn.yield %z : tensor<8xf32>
    }
    nn.return %k : tensor<8xf32>
  }
}
