// A column split, a ReLU, a row split: level `sharded`. The proof's tests change its local program.
module {
  tp.mesh @mesh ["dp" = 2, "tp" = 2]
  nn.input @x : tensor<4x8xf32, #tp.sharding<@mesh, [{}, {}]>> dims ["", ""]
  nn.parameter @w1 : tensor<7x8xf32, #tp.sharding<@mesh, [{7:8 "tp"}, {}]>> init #nn.init<zeros>
  nn.parameter @w2 : tensor<8x7xf32, #tp.sharding<@mesh, [{}, {7:8 "tp"}]>> init #nn.init<zeros>
  nn.entry @forward outputs ["y"] {
    %x = nn.read @x : tensor<4x8xf32, #tp.sharding<@mesh, [{}, {}]>>
    %w1 = nn.read @w1 : tensor<7x8xf32, #tp.sharding<@mesh, [{7:8 "tp"}, {}]>>
    %w2 = nn.read @w2 : tensor<8x7xf32, #tp.sharding<@mesh, [{}, {7:8 "tp"}]>>
    %h = nn.linear %x, %w1 {nn.scope = "fc"} : (tensor<4x8xf32, #tp.sharding<@mesh, [{}, {}]>>, tensor<7x8xf32, #tp.sharding<@mesh, [{7:8 "tp"}, {}]>>) -> tensor<4x7xf32, #tp.sharding<@mesh, [{}, {7:8 "tp"}]>>
    %a = nn.exp %h {nn.scope = "fc"} : (tensor<4x7xf32, #tp.sharding<@mesh, [{}, {7:8 "tp"}]>>) -> tensor<4x7xf32, #tp.sharding<@mesh, [{}, {7:8 "tp"}]>>
    %p = nn.linear %a, %w2 {nn.scope = "proj"} : (tensor<4x7xf32, #tp.sharding<@mesh, [{}, {7:8 "tp"}]>>, tensor<8x7xf32, #tp.sharding<@mesh, [{}, {7:8 "tp"}]>>) -> tensor<4x8xf32, #tp.sharding<@mesh, [{}, {}], partial = {"tp"}>>
    %r = tp.reshard %p why "nn.relu is not linear" : tensor<4x8xf32, #tp.sharding<@mesh, [{}, {}], partial = {"tp"}>> -> tensor<4x8xf32, #tp.sharding<@mesh, [{}, {}]>>
    %y = nn.relu %r : (tensor<4x8xf32, #tp.sharding<@mesh, [{}, {}]>>) -> tensor<4x8xf32, #tp.sharding<@mesh, [{}, {}]>>
    nn.return %y : tensor<4x8xf32, #tp.sharding<@mesh, [{}, {}]>>
  }
}
