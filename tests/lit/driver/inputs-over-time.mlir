// What a name stands for is one fact of the model: T runs along the sequence in the inputs that name it alone, too, whichever comes first.
// REQUIRES: tpc-compile
// RUN: tpc-compile compile %s --dp 2 --stop-after sharded | FileCheck %s --check-prefix=DP
// RUN: tpc-compile compile %s --tp 2 --sequence-parallel on -o %t.plan

// DP: nn.input @positions : tensor<6x8xf32, #tp.sharding<@mesh, [{}, {}]>>
// DP: nn.input @mask : tensor<6x6xf32, #tp.sharding<@mesh, [{}, {}]>>
// DP: nn.input @x : tensor<2x6x8xf32, #tp.sharding<@mesh, [{"dp"}, {}, {}]>>

module @masked {
  nn.dim @B = 2
  nn.dim @T = 6
  nn.input @positions : tensor<6x8xf32> dims ["T", ""] draw #nn.init<normal, 0.0, 1.0>
  nn.input @mask : tensor<6x6xf32> dims ["T", "T"] draw #nn.init<normal, 0.0, 1.0>
  nn.input @x : tensor<2x6x8xf32> dims ["B", "T", ""] draw #nn.init<normal, 0.0, 1.0>
  nn.scalar @lr : tensor<f32> = 0.01
  nn.parameter @q : tensor<8x8xf32> init #nn.init<normal, 0.0, 0.3>
  nn.parameter @o : tensor<8x8xf32> init #nn.init<normal, 0.0, 0.3>
  nn.entry @loss outputs ["loss"] {
    %given = nn.read @x : tensor<2x6x8xf32>
    %positions = nn.read @positions : tensor<6x8xf32>
    %x = nn.add %given, %positions : (tensor<2x6x8xf32>, tensor<6x8xf32>) -> tensor<2x6x8xf32>
    %wq = nn.read @q : tensor<8x8xf32>
    %q = nn.linear %x, %wq : (tensor<2x6x8xf32>, tensor<8x8xf32>) -> tensor<2x6x8xf32>
    %s = nn.matmul %q, %q {transpose_b} : (tensor<2x6x8xf32>, tensor<2x6x8xf32>) -> tensor<2x6x6xf32>
    %mask = nn.read @mask : tensor<6x6xf32>
    %m = nn.add %s, %mask : (tensor<2x6x6xf32>, tensor<6x6xf32>) -> tensor<2x6x6xf32>
    %a = nn.matmul %m, %q : (tensor<2x6x6xf32>, tensor<2x6x8xf32>) -> tensor<2x6x8xf32>
    %wo = nn.read @o : tensor<8x8xf32>
    %o = nn.linear %a, %wo : (tensor<2x6x8xf32>, tensor<8x8xf32>) -> tensor<2x6x8xf32>
    %r = nn.add %x, %o : (tensor<2x6x8xf32>, tensor<2x6x8xf32>) -> tensor<2x6x8xf32>
    %square = nn.square %r : (tensor<2x6x8xf32>) -> tensor<2x6x8xf32>
    %loss = nn.mean %square dims [0, 1, 2] : (tensor<2x6x8xf32>) -> tensor<f32>
    nn.return %loss : tensor<f32>
  }
  nn.training @train of @loss optimizer #nn.sgd<lr = @lr>
}
