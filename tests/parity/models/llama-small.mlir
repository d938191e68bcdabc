// A two-layer Llama, small enough for tests of whole trainings: rope, rms_norm, gated MLP, 6 query heads on 2
// kv heads, an untied head. It carries its input, numbers without a meaning.

module @llama_small {
  nn.dim @B = 2
  nn.dim @T = 16

  nn.input @tokens : tensor<2x16xi32> dims ["B", "T"] default dense<[[5, 15, 39, 77, 129, 195, 275, 369, 477, 87, 223, 373, 25, 203, 395, 89], [106, 116, 140, 178, 230, 296, 376, 470, 66, 188, 324, 474, 126, 304, 496, 190]]> : tensor<2x16xi32>
  nn.input @labels : tensor<2x16xi32> dims ["B", "T"] default dense<[[15, 39, 77, 129, 195, 275, 369, 477, 87, 223, 373, 25, 203, 395, 89, 309], [116, 140, 178, 230, 296, 376, 470, 66, 188, 324, 474, 126, 304, 496, 190, 410]]> : tensor<2x16xi32>
  nn.scalar @lr : tensor<f32> = 0.003

  nn.parameter @wte : tensor<512x96xf32> init #nn.init<normal, 0.0, 0.5>

  nn.layers @h count 2 {
    nn.parameter @ln_1.weight : tensor<96xf32> init #nn.init<ones>
    nn.parameter @attn.q.weight : tensor<96x96xf32> init #nn.init<uniform, -0.1, 0.1>
    nn.parameter @attn.k.weight : tensor<32x96xf32> init #nn.init<uniform, -0.1, 0.1>
    nn.parameter @attn.v.weight : tensor<32x96xf32> init #nn.init<uniform, -0.1, 0.1>
    nn.parameter @attn.o.weight : tensor<96x96xf32> init #nn.init<uniform, -0.1, 0.1>
    nn.parameter @ln_2.weight : tensor<96xf32> init #nn.init<ones>
    nn.parameter @mlp.gate.weight : tensor<256x96xf32> init #nn.init<uniform, -0.1, 0.1>
    nn.parameter @mlp.up.weight : tensor<256x96xf32> init #nn.init<uniform, -0.1, 0.1>
    nn.parameter @mlp.down.weight : tensor<96x256xf32> init #nn.init<uniform, -0.0625, 0.0625>

    nn.block (%x: tensor<2x16x96xf32>) -> tensor<2x16x96xf32> {
      %a = nn.scope "attn" -> tensor<2x16x96xf32> {
        %lnw = nn.read @ln_1.weight : tensor<96xf32>
        %n = nn.rms_norm %x weight %lnw {eps = 1.0e-5 : f64} : (tensor<2x16x96xf32>, tensor<96xf32>) -> tensor<2x16x96xf32>
        %qw = nn.read @attn.q.weight : tensor<96x96xf32>
        %kw = nn.read @attn.k.weight : tensor<32x96xf32>
        %vw = nn.read @attn.v.weight : tensor<32x96xf32>
        %q2 = nn.linear %n, %qw : (tensor<2x16x96xf32>, tensor<96x96xf32>) -> tensor<2x16x96xf32>
        %k2 = nn.linear %n, %kw : (tensor<2x16x96xf32>, tensor<32x96xf32>) -> tensor<2x16x32xf32>
        %v2 = nn.linear %n, %vw : (tensor<2x16x96xf32>, tensor<32x96xf32>) -> tensor<2x16x32xf32>
        %q1 = nn.split_dim %q2 dim 2 minor 16 : (tensor<2x16x96xf32>) -> tensor<2x16x6x16xf32>
        %k1 = nn.split_dim %k2 dim 2 minor 16 : (tensor<2x16x32xf32>) -> tensor<2x16x2x16xf32>
        %v = nn.split_dim %v2 dim 2 minor 16 : (tensor<2x16x32xf32>) -> tensor<2x16x2x16xf32>
        %q = nn.rope %q1 : (tensor<2x16x6x16xf32>) -> tensor<2x16x6x16xf32>
        %k = nn.rope %k1 : (tensor<2x16x2x16xf32>) -> tensor<2x16x2x16xf32>
        %o4 = nn.attention %q, %k, %v {causal = true} : (tensor<2x16x6x16xf32>, tensor<2x16x2x16xf32>, tensor<2x16x2x16xf32>) -> tensor<2x16x6x16xf32>
        %o2 = nn.merge_dims %o4 dim 2 : (tensor<2x16x6x16xf32>) -> tensor<2x16x96xf32>
        %ow = nn.read @attn.o.weight : tensor<96x96xf32>
        %o = nn.linear %o2, %ow : (tensor<2x16x96xf32>, tensor<96x96xf32>) -> tensor<2x16x96xf32>
        nn.yield %o : tensor<2x16x96xf32>
      }
      %x1 = nn.add %x, %a : (tensor<2x16x96xf32>, tensor<2x16x96xf32>) -> tensor<2x16x96xf32>
      %m = nn.scope "mlp" -> tensor<2x16x96xf32> {
        %lnw = nn.read @ln_2.weight : tensor<96xf32>
        %n = nn.rms_norm %x1 weight %lnw {eps = 1.0e-5 : f64} : (tensor<2x16x96xf32>, tensor<96xf32>) -> tensor<2x16x96xf32>
        %gw = nn.read @mlp.gate.weight : tensor<256x96xf32>
        %uw = nn.read @mlp.up.weight : tensor<256x96xf32>
        %g = nn.linear %n, %gw : (tensor<2x16x96xf32>, tensor<256x96xf32>) -> tensor<2x16x256xf32>
        %u = nn.linear %n, %uw : (tensor<2x16x96xf32>, tensor<256x96xf32>) -> tensor<2x16x256xf32>
        %s = nn.silu %g : (tensor<2x16x256xf32>) -> tensor<2x16x256xf32>
        %z = nn.mul %s, %u : (tensor<2x16x256xf32>, tensor<2x16x256xf32>) -> tensor<2x16x256xf32>
        %dw = nn.read @mlp.down.weight : tensor<96x256xf32>
        %d = nn.linear %z, %dw : (tensor<2x16x256xf32>, tensor<96x256xf32>) -> tensor<2x16x96xf32>
        nn.yield %d : tensor<2x16x96xf32>
      }
      %x2 = nn.add %x1, %m : (tensor<2x16x96xf32>, tensor<2x16x96xf32>) -> tensor<2x16x96xf32>
      nn.return %x2 : tensor<2x16x96xf32>
    }
  }

  nn.parameter @ln_f.weight : tensor<96xf32> init #nn.init<ones>
  nn.parameter @lm_head : tensor<512x96xf32> init #nn.init<uniform, -0.1, 0.1>

  nn.entry @loss outputs ["loss"] {
    %tokens = nn.read @tokens : tensor<2x16xi32>
    %x = nn.scope "embed" -> tensor<2x16x96xf32> {
      %wte = nn.read @wte : tensor<512x96xf32>
      %e = nn.embedding %tokens, %wte : (tensor<2x16xi32>, tensor<512x96xf32>) -> tensor<2x16x96xf32>
      nn.yield %e : tensor<2x16x96xf32>
    }
    %y = nn.apply @h(%x) : (tensor<2x16x96xf32>) -> tensor<2x16x96xf32>
    %logits = nn.scope "head" -> tensor<2x16x512xf32> {
      %lnw = nn.read @ln_f.weight : tensor<96xf32>
      %n = nn.rms_norm %y weight %lnw {eps = 1.0e-5 : f64} : (tensor<2x16x96xf32>, tensor<96xf32>) -> tensor<2x16x96xf32>
      %hw = nn.read @lm_head : tensor<512x96xf32>
      %l = nn.linear %n, %hw : (tensor<2x16x96xf32>, tensor<512x96xf32>) -> tensor<2x16x512xf32>
      nn.yield %l : tensor<2x16x512xf32>
    }
    %labels = nn.read @labels : tensor<2x16xi32>
    %loss = nn.scope "loss" -> tensor<f32> {
      %c = nn.cross_entropy %logits, %labels : (tensor<2x16x512xf32>, tensor<2x16xi32>) -> tensor<f32>
      nn.yield %c : tensor<f32>
    }
    nn.return %loss : tensor<f32>
  }

  nn.training @train of @loss
      optimizer #nn.adam<lr = @lr, beta1 = 0.9 : f64, beta2 = 0.95 : f64, weight_decay = 0.1 : f64, decoupled = true> clip_norm 1.0
}
