// A bias is rounded, and widened again where it is added. Of as many rows as columns a kernel could not
// tell which of them it lies along, so that there it is widened before.
// REQUIRES: tpc-compile
// RUN: tpc-compile compile %s --precision bf16 --stop-after fused | FileCheck %s --check-prefix=SQUARE
// RUN: tpc-compile compile %s --precision bf16 --dim N=5 --stop-after fused | FileCheck %s --check-prefix=LONG

// SQUARE: nn.kernel "add+cast" {{.*}}tensor<6xf32>
// LONG: nn.kernel "cast+add" {{.*}}tensor<6xbf16>

module @bias {
  nn.dim @N = 6
  nn.input @x : tensor<6x16xf32> dims ["N", ""] draw #nn.init<normal, 0.0, 1.0>
  nn.parameter @w : tensor<6x16xf32> init #nn.init<normal, 0.0, 0.3>
  nn.parameter @b : tensor<6xf32> init #nn.init<normal, 0.0, 1.0>
  nn.entry @loss outputs ["y"] {
    %x = nn.read @x : tensor<6x16xf32>
    %w = nn.read @w : tensor<6x16xf32>
    %b = nn.read @b : tensor<6xf32>
    %y = nn.linear %x, %w bias %b : (tensor<6x16xf32>, tensor<6x16xf32>, tensor<6xf32>) -> tensor<6x6xf32>
    nn.return %y : tensor<6x6xf32>
  }
}
