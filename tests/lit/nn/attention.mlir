// RUN: tpc-opt %s | tpc-opt | FileCheck %s

nn.entry @e outputs [] {
  %q = nn.read @q : tensor<2x7x8x32xf32>
  %k = nn.read @k : tensor<2x9x2x32xf32>
  %v = nn.read @v : tensor<2x9x2x32xf32>
  // CHECK: nn.attention %{{.*}}, %{{.*}}, %{{.*}} : (tensor<2x7x8x32xf32>, tensor<2x9x2x32xf32>, tensor<2x9x2x32xf32>) -> tensor<2x7x8x32xf32>
  %0 = nn.attention %q, %k, %v : (tensor<2x7x8x32xf32>, tensor<2x9x2x32xf32>, tensor<2x9x2x32xf32>) -> tensor<2x7x8x32xf32>
  // CHECK: nn.attention {{.*}} {causal = true, scale = 2.500000e-01 : f64}
  %1 = nn.attention %q, %k, %v {causal = true, scale = 0.25 : f64} : (tensor<2x7x8x32xf32>, tensor<2x9x2x32xf32>, tensor<2x9x2x32xf32>) -> tensor<2x7x8x32xf32>
  // CHECK: nn.flash_attention {{.*}} -> (tensor<2x7x8x32xf32>, tensor<2x8x7xf32>)
  %o, %lse = nn.flash_attention %q, %k, %v {causal = true, scale = 0.25 : f64} : (tensor<2x7x8x32xf32>, tensor<2x9x2x32xf32>, tensor<2x9x2x32xf32>) -> (tensor<2x7x8x32xf32>, tensor<2x8x7xf32>)
  // CHECK: nn.flash_attention_grad {{.*}} -> (tensor<2x7x8x32xf32>, tensor<2x9x2x32xf32>, tensor<2x9x2x32xf32>)
  %dq, %dk, %dv = nn.flash_attention_grad %q, %k, %v, %o, %lse, %0 {causal = true, scale = 0.25 : f64} : (tensor<2x7x8x32xf32>, tensor<2x9x2x32xf32>, tensor<2x9x2x32xf32>, tensor<2x7x8x32xf32>, tensor<2x8x7xf32>, tensor<2x7x8x32xf32>) -> (tensor<2x7x8x32xf32>, tensor<2x9x2x32xf32>, tensor<2x9x2x32xf32>)
  nn.return
}
