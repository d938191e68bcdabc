// Eight products of 8192 x 8192 x 8192, one behind the other: their rate is what the rate of a training step is compared with.
// The weight's scale keeps values near 1.
//
//   tpc compile tools/gpu-check/products.mlir --target cuda --precision bf16 -o products.plan

module @products {
  // No input, which every step would upload.
  nn.parameter @x : tensor<8192x8192xf32> init #nn.init<normal, 0.0, 1.0>
  nn.parameter @weight : tensor<8192x8192xf32> init #nn.init<uniform, -0.0191366, 0.0191366>

  nn.entry @forward outputs ["sum"] {
    %x0 = nn.read @x : tensor<8192x8192xf32>
    %w = nn.read @weight : tensor<8192x8192xf32>
    %x1 = nn.linear %x0, %w : (tensor<8192x8192xf32>, tensor<8192x8192xf32>) -> tensor<8192x8192xf32>
    %x2 = nn.linear %x1, %w : (tensor<8192x8192xf32>, tensor<8192x8192xf32>) -> tensor<8192x8192xf32>
    %x3 = nn.linear %x2, %w : (tensor<8192x8192xf32>, tensor<8192x8192xf32>) -> tensor<8192x8192xf32>
    %x4 = nn.linear %x3, %w : (tensor<8192x8192xf32>, tensor<8192x8192xf32>) -> tensor<8192x8192xf32>
    %x5 = nn.linear %x4, %w : (tensor<8192x8192xf32>, tensor<8192x8192xf32>) -> tensor<8192x8192xf32>
    %x6 = nn.linear %x5, %w : (tensor<8192x8192xf32>, tensor<8192x8192xf32>) -> tensor<8192x8192xf32>
    %x7 = nn.linear %x6, %w : (tensor<8192x8192xf32>, tensor<8192x8192xf32>) -> tensor<8192x8192xf32>
    %x8 = nn.linear %x7, %w : (tensor<8192x8192xf32>, tensor<8192x8192xf32>) -> tensor<8192x8192xf32>
    %sum = nn.sum %x8 dims [0, 1] : (tensor<8192x8192xf32>) -> tensor<f32>
    nn.return %sum : tensor<f32>
  }
}
