// RUN: tpc-opt %s -allow-unregistered-dialect -split-input-file -verify-diagnostics

// constraint: result and input have the same type
nn.entry @e outputs [] {
  %x = nn.read @x : tensor<8xf32>
  // expected-error @+1 {{takes 'tensor<8xf32>' and gives 'tensor<4xf32>'; layers keep the type}}
  %y = nn.apply @h(%x) : (tensor<8xf32>) -> tensor<4xf32>
  nn.return
}
