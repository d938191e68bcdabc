// RUN: tpc-opt %s --tpc-bound-ids | FileCheck %s

// The least of all tables and classes that a value is used with; positions have no bound.
// CHECK: nn.input @tokens : tensor<2x4xi32> dims ["", ""] feed <> {nn.bytes, nn.vocabulary = 16 : i64}
nn.input @tokens : tensor<2x4xi32> dims ["", ""] feed #nn.tokens<> {nn.bytes}
// CHECK: nn.input @labels : tensor<2x4xi32> dims ["", ""] feed <shift = 1> {nn.ignored = -100 : i64, nn.vocabulary = 12 : i64}
nn.input @labels : tensor<2x4xi32> dims ["", ""] feed #nn.tokens<shift = 1>
// CHECK: nn.input @mask : tensor<2x4xi32> dims ["", ""]{{$}}
nn.input @mask : tensor<2x4xi32> dims ["", ""]
nn.parameter @wte : tensor<16x8xf32> init #nn.init<zeros>
nn.parameter @type : tensor<20x8xf32> init #nn.init<zeros>
nn.parameter @wpe : tensor<4x8xf32> init #nn.init<zeros>
nn.parameter @head : tensor<12x8xf32> init #nn.init<zeros>

nn.entry @loss outputs ["loss"] {
  %ids = nn.read @tokens : tensor<2x4xi32>
  %wte = nn.read @wte : tensor<16x8xf32>
  %a = nn.embedding %ids, %wte : (tensor<2x4xi32>, tensor<16x8xf32>) -> tensor<2x4x8xf32>
  %type = nn.read @type : tensor<20x8xf32>
  %b = nn.embedding %ids, %type : (tensor<2x4xi32>, tensor<20x8xf32>) -> tensor<2x4x8xf32>
  %i = nn.positions %ids : (tensor<2x4xi32>) -> tensor<2x4xi32>
  %wpe = nn.read @wpe : tensor<4x8xf32>
  %c = nn.embedding %i, %wpe : (tensor<2x4xi32>, tensor<4x8xf32>) -> tensor<2x4x8xf32>
  %s = nn.add %a, %b, %c : (tensor<2x4x8xf32>, tensor<2x4x8xf32>, tensor<2x4x8xf32>) -> tensor<2x4x8xf32>
  %head = nn.read @head : tensor<12x8xf32>
  %l = nn.linear %s, %head : (tensor<2x4x8xf32>, tensor<12x8xf32>) -> tensor<2x4x12xf32>
  %labels = nn.read @labels : tensor<2x4xi32>
  %loss = nn.cross_entropy %l, %labels : (tensor<2x4x12xf32>, tensor<2x4xi32>) -> tensor<f32>
  nn.return %loss : tensor<f32>
}
