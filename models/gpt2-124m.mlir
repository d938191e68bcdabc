// GPT-2 124M: 12 layers, 12 heads, hidden 768, biases, tanh GELU, embeddings tied to the output head.
// Parameter sources name the published checkpoint's tensors, whose matrices are [in, out]; files may hold them
// under a prefix, and hold causal masks, which attention has built in.
//
//   tpc compile models/gpt2-124m.mlir --tp 2 --dim B=4 --dim T=64 -o gpt2.plan
//   tpc run gpt2.plan --data tokens.bin --steps 20 --log-json -
//
// Initial values as in the GPT-2 paper: normal 0.02, residual projections 0.02 / sqrt(2 * 12).

module @gpt2_124m attributes {nn.prefix = "transformer.", nn.unused = ["h.*.attn.bias", "h.*.attn.masked_bias"]} {
  nn.dim @B = 4
  nn.dim @T = 64

  nn.input @tokens : tensor<4x64xi32> dims ["B", "T"] feed #nn.tokens<>
  nn.input @labels : tensor<4x64xi32> dims ["B", "T"] feed #nn.tokens<shift = 1, tail = -100>
  nn.scalar @lr : tensor<f32> = 3.0e-4

  nn.parameter @wte : tensor<50257x768xf32> init #nn.init<normal, 0.0, 0.02>
      source #nn.source<"wte.weight">
  nn.parameter @wpe : tensor<1024x768xf32> init #nn.init<normal, 0.0, 0.02>
      source #nn.source<"wpe.weight">

  nn.layers @h count 12 {
    nn.parameter @ln_1.weight : tensor<768xf32> init #nn.init<ones>
        source #nn.source<"h.{layer}.ln_1.weight">
    nn.parameter @ln_1.bias : tensor<768xf32> init #nn.init<zeros>
        source #nn.source<"h.{layer}.ln_1.bias">
    nn.parameter @attn.q.weight : tensor<768x768xf32> init #nn.init<normal, 0.0, 0.02>
        source #nn.source<"h.{layer}.attn.c_attn.weight", slice = 1 [0, 768], transpose>
    nn.parameter @attn.q.bias : tensor<768xf32> init #nn.init<zeros>
        source #nn.source<"h.{layer}.attn.c_attn.bias", slice = 0 [0, 768]>
    nn.parameter @attn.k.weight : tensor<768x768xf32> init #nn.init<normal, 0.0, 0.02>
        source #nn.source<"h.{layer}.attn.c_attn.weight", slice = 1 [768, 768], transpose>
    nn.parameter @attn.k.bias : tensor<768xf32> init #nn.init<zeros>
        source #nn.source<"h.{layer}.attn.c_attn.bias", slice = 0 [768, 768]>
    nn.parameter @attn.v.weight : tensor<768x768xf32> init #nn.init<normal, 0.0, 0.02>
        source #nn.source<"h.{layer}.attn.c_attn.weight", slice = 1 [1536, 768], transpose>
    nn.parameter @attn.v.bias : tensor<768xf32> init #nn.init<zeros>
        source #nn.source<"h.{layer}.attn.c_attn.bias", slice = 0 [1536, 768]>
    nn.parameter @attn.o.weight : tensor<768x768xf32> init #nn.init<normal, 0.0, 0.004082482904638631>
        source #nn.source<"h.{layer}.attn.c_proj.weight", transpose>
    nn.parameter @attn.o.bias : tensor<768xf32> init #nn.init<zeros>
        source #nn.source<"h.{layer}.attn.c_proj.bias">
    nn.parameter @ln_2.weight : tensor<768xf32> init #nn.init<ones>
        source #nn.source<"h.{layer}.ln_2.weight">
    nn.parameter @ln_2.bias : tensor<768xf32> init #nn.init<zeros>
        source #nn.source<"h.{layer}.ln_2.bias">
    nn.parameter @mlp.fc.weight : tensor<3072x768xf32> init #nn.init<normal, 0.0, 0.02>
        source #nn.source<"h.{layer}.mlp.c_fc.weight", transpose>
    nn.parameter @mlp.fc.bias : tensor<3072xf32> init #nn.init<zeros>
        source #nn.source<"h.{layer}.mlp.c_fc.bias">
    nn.parameter @mlp.proj.weight : tensor<768x3072xf32> init #nn.init<normal, 0.0, 0.004082482904638631>
        source #nn.source<"h.{layer}.mlp.c_proj.weight", transpose>
    nn.parameter @mlp.proj.bias : tensor<768xf32> init #nn.init<zeros>
        source #nn.source<"h.{layer}.mlp.c_proj.bias">

    nn.block (%x: tensor<4x64x768xf32>) -> tensor<4x64x768xf32> {
      %a = nn.scope "attn" -> tensor<4x64x768xf32> {
        %lnw = nn.read @ln_1.weight : tensor<768xf32>
        %lnb = nn.read @ln_1.bias : tensor<768xf32>
        %n = nn.layer_norm %x weight %lnw bias %lnb {eps = 1.0e-5 : f64} : (tensor<4x64x768xf32>, tensor<768xf32>, tensor<768xf32>) -> tensor<4x64x768xf32>
        %qw = nn.read @attn.q.weight : tensor<768x768xf32>
        %qb = nn.read @attn.q.bias : tensor<768xf32>
        %q2 = nn.linear %n, %qw bias %qb : (tensor<4x64x768xf32>, tensor<768x768xf32>, tensor<768xf32>) -> tensor<4x64x768xf32>
        %kw = nn.read @attn.k.weight : tensor<768x768xf32>
        %kb = nn.read @attn.k.bias : tensor<768xf32>
        %k2 = nn.linear %n, %kw bias %kb : (tensor<4x64x768xf32>, tensor<768x768xf32>, tensor<768xf32>) -> tensor<4x64x768xf32>
        %vw = nn.read @attn.v.weight : tensor<768x768xf32>
        %vb = nn.read @attn.v.bias : tensor<768xf32>
        %v2 = nn.linear %n, %vw bias %vb : (tensor<4x64x768xf32>, tensor<768x768xf32>, tensor<768xf32>) -> tensor<4x64x768xf32>
        %q = nn.split_dim %q2 dim 2 minor 64 : (tensor<4x64x768xf32>) -> tensor<4x64x12x64xf32>
        %k = nn.split_dim %k2 dim 2 minor 64 : (tensor<4x64x768xf32>) -> tensor<4x64x12x64xf32>
        %v = nn.split_dim %v2 dim 2 minor 64 : (tensor<4x64x768xf32>) -> tensor<4x64x12x64xf32>
        %o4 = nn.attention %q, %k, %v {causal = true} : (tensor<4x64x12x64xf32>, tensor<4x64x12x64xf32>, tensor<4x64x12x64xf32>) -> tensor<4x64x12x64xf32>
        %o2 = nn.merge_dims %o4 dim 2 : (tensor<4x64x12x64xf32>) -> tensor<4x64x768xf32>
        %ow = nn.read @attn.o.weight : tensor<768x768xf32>
        %ob = nn.read @attn.o.bias : tensor<768xf32>
        %o = nn.linear %o2, %ow bias %ob : (tensor<4x64x768xf32>, tensor<768x768xf32>, tensor<768xf32>) -> tensor<4x64x768xf32>
        nn.yield %o : tensor<4x64x768xf32>
      }
      %x1 = nn.add %x, %a : (tensor<4x64x768xf32>, tensor<4x64x768xf32>) -> tensor<4x64x768xf32>
      %m = nn.scope "mlp" -> tensor<4x64x768xf32> {
        %lnw = nn.read @ln_2.weight : tensor<768xf32>
        %lnb = nn.read @ln_2.bias : tensor<768xf32>
        %n = nn.layer_norm %x1 weight %lnw bias %lnb {eps = 1.0e-5 : f64} : (tensor<4x64x768xf32>, tensor<768xf32>, tensor<768xf32>) -> tensor<4x64x768xf32>
        %fcw = nn.read @mlp.fc.weight : tensor<3072x768xf32>
        %fcb = nn.read @mlp.fc.bias : tensor<3072xf32>
        %u = nn.linear %n, %fcw bias %fcb : (tensor<4x64x768xf32>, tensor<3072x768xf32>, tensor<3072xf32>) -> tensor<4x64x3072xf32>
        %g = nn.gelu %u {tanh} : (tensor<4x64x3072xf32>) -> tensor<4x64x3072xf32>
        %prw = nn.read @mlp.proj.weight : tensor<768x3072xf32>
        %prb = nn.read @mlp.proj.bias : tensor<768xf32>
        %d = nn.linear %g, %prw bias %prb : (tensor<4x64x3072xf32>, tensor<768x3072xf32>, tensor<768xf32>) -> tensor<4x64x768xf32>
        nn.yield %d : tensor<4x64x768xf32>
      }
      %x2 = nn.add %x1, %m : (tensor<4x64x768xf32>, tensor<4x64x768xf32>) -> tensor<4x64x768xf32>
      nn.return %x2 : tensor<4x64x768xf32>
    }
  }

  nn.parameter @ln_f.weight : tensor<768xf32> init #nn.init<ones>
      source #nn.source<"ln_f.weight">
  nn.parameter @ln_f.bias : tensor<768xf32> init #nn.init<zeros>
      source #nn.source<"ln_f.bias">
  nn.tie @lm_head to @wte init #nn.init<zeros> {nn.source = #nn.source<"lm_head.weight">}

  nn.entry @loss outputs ["loss"] {
    %tokens = nn.read @tokens : tensor<4x64xi32>
    %x = nn.scope "embed" -> tensor<4x64x768xf32> {
      %wte = nn.read @wte : tensor<50257x768xf32>
      %wpe = nn.read @wpe : tensor<1024x768xf32>
      %e = nn.embedding %tokens, %wte : (tensor<4x64xi32>, tensor<50257x768xf32>) -> tensor<4x64x768xf32>
      %i = nn.positions %tokens : (tensor<4x64xi32>) -> tensor<4x64xi32>
      %p = nn.embedding %i, %wpe : (tensor<4x64xi32>, tensor<1024x768xf32>) -> tensor<4x64x768xf32>
      %s = nn.add %e, %p : (tensor<4x64x768xf32>, tensor<4x64x768xf32>) -> tensor<4x64x768xf32>
      nn.yield %s : tensor<4x64x768xf32>
    }
    %y = nn.apply @h(%x) : (tensor<4x64x768xf32>) -> tensor<4x64x768xf32>
    %logits = nn.scope "head" -> tensor<4x64x50257xf32> {
      %lnw = nn.read @ln_f.weight : tensor<768xf32>
      %lnb = nn.read @ln_f.bias : tensor<768xf32>
      %n = nn.layer_norm %y weight %lnw bias %lnb {eps = 1.0e-5 : f64} : (tensor<4x64x768xf32>, tensor<768xf32>, tensor<768xf32>) -> tensor<4x64x768xf32>
      %hw = nn.read @lm_head : tensor<50257x768xf32>
      %l = nn.linear %n, %hw : (tensor<4x64x768xf32>, tensor<50257x768xf32>) -> tensor<4x64x50257xf32>
      nn.yield %l : tensor<4x64x50257xf32>
    }
    %labels = nn.read @labels : tensor<4x64xi32>
    %loss = nn.scope "loss" -> tensor<f32> {
      %c = nn.cross_entropy %logits, %labels {ignore_index = -100 : i64} : (tensor<4x64x50257xf32>, tensor<4x64xi32>) -> tensor<f32>
      nn.yield %c : tensor<f32>
    }
    nn.return %loss : tensor<f32>
  }

  nn.training @train of @loss
      optimizer #nn.adam<lr = @lr, beta1 = 0.9 : f64, beta2 = 0.95 : f64, eps = 1.0e-8 : f64, weight_decay = 0.1 : f64, decoupled = true>
      clip_norm 1.0
      groups [#nn.group<"*.bias", weight_decay = 0.0 : f64>, #nn.group<"*ln_*", weight_decay = 0.0 : f64>]
}
