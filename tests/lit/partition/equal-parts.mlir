// Gate and up of one weight, cut by slices: each rank holds its piece of both, and nothing is gathered.
// REQUIRES: tpc, tpc-compile
// RUN: tpc compile %s --tp 2 --stop-after local 2>%t.err | FileCheck %s
// RUN: FileCheck %s --check-prefix=QUIET --allow-empty < %t.err
// RUN: tpc compile %s --tp 2 -o %t.plan
// RUN: tpc inspect %t.plan --view sharding | FileCheck %s --check-prefix=HELD
// RUN: tpc verify %t.plan | FileCheck %s --check-prefix=VERIFY
// RUN: tpc compile %S/Inputs/unequal-parts.mlir --tp 2 --shard 'gu=[{}, {}]' -o %t.asked.plan 2>&1 | FileCheck %s --check-prefix=ASKED
// RUN: tpc compile %S/Inputs/unequal-parts.mlir --tp 2 -o %t.unequal.plan 2>&1 | FileCheck %s --check-prefix=UNEQUAL
// RUN: tpc compile %S/Inputs/unequal-parts.mlir --tp 3 -o %t.three.plan
// RUN: tpc inspect %t.three.plan | FileCheck %s --check-prefix=NOTE

// CHECK-LABEL: nn.entry @train
// CHECK: %[[GU:.*]] = nn.linear {{.*}} -> tensor<2x4x12xf32>
// CHECK: nn.slice %[[GU]] dim 2 start 0 size 6
// CHECK: nn.slice %[[GU]] dim 2 start 6 size 6
// CHECK: nn.pad {{.*}} dim 2 start 6 {{.*}}tensor<2x4x6xf32>) -> tensor<2x4x12xf32>
// QUIET-NOT: warning
// 11 of each part are 12 on two ranks.
// HELD: gu {{ *}}22x8xf32 {{ *}}[{2, 11:12 "tp"}, {}] {{ *}}12x8xf32
// HELD: down {{ *}}8x11xf32 {{ *}}[{}, {11:12 "tp"}]
// VERIFY: ok: {{[0-9]+}} ops agree
// VERIFY: ok: one device and 2 virtual rank(s) agree
// ASKED-NOT: warning
// UNEQUAL: unequal-parts.mlir:[[#]]:3: warning: gu is held whole on every rank of tp: with any split of it, something that it computes would have to be gathered
// UNEQUAL-NEXT: hint: parts of a fused weight are split if nn.slice cuts them equally
// NOTE: gu is held whole on every rank of tp; nothing else is possible
// NOTE: pads take {{[0-9]+\.[0-9]}} us of the {{[0-9]?[0-9]?[0-9]\.[0-9]}} us that all but pointwise ops are predicted to take along tp

module @parts {
  nn.dim @B = 2
  nn.dim @T = 4
  nn.input @x : tensor<2x4x8xf32> dims ["B", "T", ""] draw #nn.init<normal, 0.0, 1.0>
  nn.scalar @lr : tensor<f32> = 0.1
  nn.parameter @gu : tensor<22x8xf32> init #nn.init<normal, 0.0, 1.0>
  nn.parameter @down : tensor<8x11xf32> init #nn.init<normal, 0.0, 1.0>
  nn.entry @loss outputs ["loss"] {
    %x = nn.read @x : tensor<2x4x8xf32>
    %gu = nn.read @gu : tensor<22x8xf32>
    %h = nn.linear %x, %gu : (tensor<2x4x8xf32>, tensor<22x8xf32>) -> tensor<2x4x22xf32>
    %g = nn.slice %h dim 2 start 0 size 11 : (tensor<2x4x22xf32>) -> tensor<2x4x11xf32>
    %u = nn.slice %h dim 2 start 11 size 11 : (tensor<2x4x22xf32>) -> tensor<2x4x11xf32>
    %s = nn.silu %g : (tensor<2x4x11xf32>) -> tensor<2x4x11xf32>
    %m = nn.mul %s, %u : (tensor<2x4x11xf32>, tensor<2x4x11xf32>) -> tensor<2x4x11xf32>
    %down = nn.read @down : tensor<8x11xf32>
    %y = nn.linear %m, %down : (tensor<2x4x11xf32>, tensor<8x11xf32>) -> tensor<2x4x8xf32>
    %q = nn.square %y : (tensor<2x4x8xf32>) -> tensor<2x4x8xf32>
    %l = nn.mean %q dims [0, 1, 2] : (tensor<2x4x8xf32>) -> tensor<f32>
    nn.return %l : tensor<f32>
  }
  nn.training @train of @loss optimizer #nn.sgd<lr = @lr>
}
