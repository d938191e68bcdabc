// RUN: tpc-opt %s -tpc-verify-fused -split-input-file -verify-diagnostics

module {
  nn.input @x : tensor<4x8xf32> dims ["", ""]
  nn.entry @e outputs ["y"] {
    %x = nn.read @x : tensor<4x8xf32>
    // expected-error@+1 {{'nn.relu' op has a body and is in no kernel; tpc-fuse puts it into one}}
    %y = nn.relu %x : (tensor<4x8xf32>) -> tensor<4x8xf32>
    nn.return %y : tensor<4x8xf32>
  }
}

// -----

module {
  nn.input @x : tensor<8x8xf32> dims ["", ""]
  nn.entry @e outputs ["y"] {
    %x = nn.read @x : tensor<8x8xf32>
    %k = nn.kernel "k" (%a = %x : tensor<8x8xf32>) -> (tensor<8x8xf32>) {
      %b = nn.neg %a : (tensor<8x8xf32>) -> tensor<8x8xf32>
      // expected-error@+1 {{reads elsewhere in a value that is made in the kernel (in kernel 'k'); it must be a kernel of its own}}
      %t = nn.transpose %b [1, 0] : (tensor<8x8xf32>) -> tensor<8x8xf32>
      nn.yield %t : tensor<8x8xf32>
    }
    nn.return %k : tensor<8x8xf32>
  }
}

// -----

module {
  nn.input @x : tensor<4x8xf32> dims ["", ""]
  nn.entry @e outputs ["y"] {
    %x = nn.read @x : tensor<4x8xf32>
    // expected-error@+1 {{hands an input through as its result 0; use the input itself}}
    %k = nn.kernel "k" (%a = %x : tensor<4x8xf32>) -> (tensor<4x8xf32>) {
      nn.yield %a : tensor<4x8xf32>
    }
    nn.return %k : tensor<4x8xf32>
  }
}

// -----

module {
  nn.input @x : tensor<4x8xbf16> dims ["", ""]
  nn.input @w : tensor<8x8xbf16> dims ["", ""]
  nn.input @b : tensor<8xbf16> dims [""]
  nn.entry @e outputs ["y"] {
    %x = nn.read @x : tensor<4x8xbf16>
    %w = nn.read @w : tensor<8x8xbf16>
    %b = nn.read @b : tensor<8xbf16>
    // expected-error@+1 {{adds a bias of 'bf16', which is not the element type of its result}}
    %y = nn.linear %x, %w bias %b : (tensor<4x8xbf16>, tensor<8x8xbf16>, tensor<8xbf16>) -> tensor<4x8xf32>
    nn.return %y : tensor<4x8xf32>
  }
}
