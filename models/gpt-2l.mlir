// A two-layer GPT with tied embeddings: vocabulary 50257, 1024 positions, hidden 256, 8 heads, no
// biases, exact GELU. It carries its input, the GPT-2 tokens of "i love tensor parallelism.".
//
//   tpc compile models/gpt-2l.mlir --tp 2 -o gpt-2l.plan
//   tpc run gpt-2l.plan --init torch --seed 1234 --steps 5 --log-json -
//
// Shapes: b batch, t sequence; [b, t, 256] is the residual stream. Linear weights are [out, in].

module @gpt_2l {
  nn.dim @B = 1
  nn.dim @T = 7

  nn.input @tokens : tensor<1x7xi32> dims ["B", "T"] feed #nn.tokens<>
      default dense<[[72, 1842, 11192, 273, 10730, 1042, 13]]> : tensor<1x7xi32>
  nn.input @labels : tensor<1x7xi32> dims ["B", "T"] feed #nn.tokens<shift = 1, tail = -100>
      default dense<[[1842, 11192, 273, 10730, 1042, 13, -100]]> : tensor<1x7xi32>
  nn.scalar @lr : tensor<f32> = 0.01

  // The embedding's own draw is made and dropped: its storage is the output head's.
  nn.tie @wte to @lm_head init #nn.init<normal, 0.0, 1.0>
  nn.parameter @wpe : tensor<1024x256xf32> init #nn.init<normal, 0.0, 1.0>

  nn.layers @h count 2 {
    nn.parameter @ln_1.weight : tensor<256xf32> init #nn.init<ones>
    nn.parameter @attn.q.weight : tensor<256x256xf32> init #nn.init<uniform, -0.0625, 0.0625>
    nn.parameter @attn.k.weight : tensor<256x256xf32> init #nn.init<uniform, -0.0625, 0.0625>
    nn.parameter @attn.v.weight : tensor<256x256xf32> init #nn.init<uniform, -0.0625, 0.0625>
    nn.parameter @attn.o.weight : tensor<256x256xf32> init #nn.init<uniform, -0.0625, 0.0625>
    nn.parameter @ln_2.weight : tensor<256xf32> init #nn.init<ones>
    nn.parameter @mlp.fc.weight : tensor<1024x256xf32> init #nn.init<uniform, -0.0625, 0.0625>
    nn.parameter @mlp.proj.weight : tensor<256x1024xf32> init #nn.init<uniform, -0.03125, 0.03125>

    nn.block (%x: tensor<1x7x256xf32>) -> tensor<1x7x256xf32> {
      %a = nn.scope "attn" -> tensor<1x7x256xf32> {
        %lnw = nn.read @ln_1.weight : tensor<256xf32>
        %n = nn.layer_norm %x weight %lnw {eps = 1.0e-5 : f64} : (tensor<1x7x256xf32>, tensor<256xf32>) -> tensor<1x7x256xf32>
        %qw = nn.read @attn.q.weight : tensor<256x256xf32>
        %q2 = nn.linear %n, %qw : (tensor<1x7x256xf32>, tensor<256x256xf32>) -> tensor<1x7x256xf32>
        %kw = nn.read @attn.k.weight : tensor<256x256xf32>
        %k2 = nn.linear %n, %kw : (tensor<1x7x256xf32>, tensor<256x256xf32>) -> tensor<1x7x256xf32>
        %vw = nn.read @attn.v.weight : tensor<256x256xf32>
        %v2 = nn.linear %n, %vw : (tensor<1x7x256xf32>, tensor<256x256xf32>) -> tensor<1x7x256xf32>
        %q = nn.split_dim %q2 dim 2 minor 32 : (tensor<1x7x256xf32>) -> tensor<1x7x8x32xf32>
        %k = nn.split_dim %k2 dim 2 minor 32 : (tensor<1x7x256xf32>) -> tensor<1x7x8x32xf32>
        %v = nn.split_dim %v2 dim 2 minor 32 : (tensor<1x7x256xf32>) -> tensor<1x7x8x32xf32>
        %o4 = nn.attention %q, %k, %v {causal = true} : (tensor<1x7x8x32xf32>, tensor<1x7x8x32xf32>, tensor<1x7x8x32xf32>) -> tensor<1x7x8x32xf32>
        %o2 = nn.merge_dims %o4 dim 2 : (tensor<1x7x8x32xf32>) -> tensor<1x7x256xf32>
        %ow = nn.read @attn.o.weight : tensor<256x256xf32>
        %o = nn.linear %o2, %ow : (tensor<1x7x256xf32>, tensor<256x256xf32>) -> tensor<1x7x256xf32>
        nn.yield %o : tensor<1x7x256xf32>
      }
      %x1 = nn.add %x, %a : (tensor<1x7x256xf32>, tensor<1x7x256xf32>) -> tensor<1x7x256xf32>
      %m = nn.scope "mlp" -> tensor<1x7x256xf32> {
        %lnw = nn.read @ln_2.weight : tensor<256xf32>
        %n = nn.layer_norm %x1 weight %lnw {eps = 1.0e-5 : f64} : (tensor<1x7x256xf32>, tensor<256xf32>) -> tensor<1x7x256xf32>
        %fcw = nn.read @mlp.fc.weight : tensor<1024x256xf32>
        %u = nn.linear %n, %fcw : (tensor<1x7x256xf32>, tensor<1024x256xf32>) -> tensor<1x7x1024xf32>
        %g = nn.gelu %u : (tensor<1x7x1024xf32>) -> tensor<1x7x1024xf32>
        %prw = nn.read @mlp.proj.weight : tensor<256x1024xf32>
        %d = nn.linear %g, %prw : (tensor<1x7x1024xf32>, tensor<256x1024xf32>) -> tensor<1x7x256xf32>
        nn.yield %d : tensor<1x7x256xf32>
      }
      %x2 = nn.add %x1, %m : (tensor<1x7x256xf32>, tensor<1x7x256xf32>) -> tensor<1x7x256xf32>
      nn.return %x2 : tensor<1x7x256xf32>
    }
  }

  nn.parameter @ln_f.weight : tensor<256xf32> init #nn.init<ones>
  nn.parameter @lm_head : tensor<50257x256xf32> init #nn.init<uniform, -0.0625, 0.0625>

  nn.entry @loss outputs ["loss"] {
    %tokens = nn.read @tokens : tensor<1x7xi32>
    %x = nn.scope "embed" -> tensor<1x7x256xf32> {
      %wte = nn.read @wte : tensor<50257x256xf32>
      %wpe = nn.read @wpe : tensor<1024x256xf32>
      %e = nn.embedding %tokens, %wte : (tensor<1x7xi32>, tensor<50257x256xf32>) -> tensor<1x7x256xf32>
      %i = nn.positions %tokens : (tensor<1x7xi32>) -> tensor<1x7xi32>
      %p = nn.embedding %i, %wpe : (tensor<1x7xi32>, tensor<1024x256xf32>) -> tensor<1x7x256xf32>
      %s = nn.add %e, %p : (tensor<1x7x256xf32>, tensor<1x7x256xf32>) -> tensor<1x7x256xf32>
      nn.yield %s : tensor<1x7x256xf32>
    }
    %y = nn.apply @h(%x) : (tensor<1x7x256xf32>) -> tensor<1x7x256xf32>
    %logits = nn.scope "head" -> tensor<1x7x50257xf32> {
      %lnw = nn.read @ln_f.weight : tensor<256xf32>
      %n = nn.layer_norm %y weight %lnw {eps = 1.0e-5 : f64} : (tensor<1x7x256xf32>, tensor<256xf32>) -> tensor<1x7x256xf32>
      %hw = nn.read @lm_head : tensor<50257x256xf32>
      %l = nn.linear %n, %hw : (tensor<1x7x256xf32>, tensor<50257x256xf32>) -> tensor<1x7x50257xf32>
      nn.yield %l : tensor<1x7x50257xf32>
    }
    %labels = nn.read @labels : tensor<1x7xi32>
    %loss = nn.scope "loss" -> tensor<f32> {
      %c = nn.cross_entropy %logits, %labels {ignore_index = -100 : i64} : (tensor<1x7x50257xf32>, tensor<1x7xi32>) -> tensor<f32>
      nn.yield %c : tensor<f32>
    }
    nn.return %loss : tensor<f32>
  }

  nn.training @train of @loss
      optimizer #nn.adam<lr = @lr, beta1 = 0.9 : f64, beta2 = 0.95 : f64, eps = 1.0e-8 : f64, weight_decay = 0.1 : f64>
}
