// GPT-3 175B: 96 layers, 96 heads of 128, hidden 12288, 2048 positions, biases, tanh GELU, embeddings tied to
// the output head; attention is dense in every layer. It compiles in less than a minute, and runs where there is
// memory for it.
//
//   tpc compile models/gpt3-175b.mlir --tp 8 -o gpt3-175b.plan
//
// Sources are GPT-2's names and [in, out] matrices. Initial values as in the GPT-2 paper: normal 0.02, residual
// projections 0.02 / sqrt(2 * 96).

module @gpt3_175b {
  nn.dim @B = 1
  nn.dim @T = 2048

  nn.input @tokens : tensor<1x2048xi32> dims ["B", "T"] feed #nn.tokens<>
  nn.input @labels : tensor<1x2048xi32> dims ["B", "T"] feed #nn.tokens<shift = 1, tail = -100>
  nn.scalar @lr : tensor<f32> = 6.0e-5

  nn.parameter @wte : tensor<50257x12288xf32> init #nn.init<normal, 0.0, 0.02>
      source #nn.source<"wte.weight">
  nn.parameter @wpe : tensor<2048x12288xf32> init #nn.init<normal, 0.0, 0.02>
      source #nn.source<"wpe.weight">

  nn.layers @h count 96 {
    nn.parameter @ln_1.weight : tensor<12288xf32> init #nn.init<ones>
        source #nn.source<"h.{layer}.ln_1.weight">
    nn.parameter @ln_1.bias : tensor<12288xf32> init #nn.init<zeros>
        source #nn.source<"h.{layer}.ln_1.bias">
    nn.parameter @attn.q.weight : tensor<12288x12288xf32> init #nn.init<normal, 0.0, 0.02>
        source #nn.source<"h.{layer}.attn.c_attn.weight", slice = 1 [0, 12288], transpose>
    nn.parameter @attn.q.bias : tensor<12288xf32> init #nn.init<zeros>
        source #nn.source<"h.{layer}.attn.c_attn.bias", slice = 0 [0, 12288]>
    nn.parameter @attn.k.weight : tensor<12288x12288xf32> init #nn.init<normal, 0.0, 0.02>
        source #nn.source<"h.{layer}.attn.c_attn.weight", slice = 1 [12288, 12288], transpose>
    nn.parameter @attn.k.bias : tensor<12288xf32> init #nn.init<zeros>
        source #nn.source<"h.{layer}.attn.c_attn.bias", slice = 0 [12288, 12288]>
    nn.parameter @attn.v.weight : tensor<12288x12288xf32> init #nn.init<normal, 0.0, 0.02>
        source #nn.source<"h.{layer}.attn.c_attn.weight", slice = 1 [24576, 12288], transpose>
    nn.parameter @attn.v.bias : tensor<12288xf32> init #nn.init<zeros>
        source #nn.source<"h.{layer}.attn.c_attn.bias", slice = 0 [24576, 12288]>
    nn.parameter @attn.o.weight : tensor<12288x12288xf32> init #nn.init<normal, 0.0, 0.0014433756729740643>
        source #nn.source<"h.{layer}.attn.c_proj.weight", transpose>
    nn.parameter @attn.o.bias : tensor<12288xf32> init #nn.init<zeros>
        source #nn.source<"h.{layer}.attn.c_proj.bias">
    nn.parameter @ln_2.weight : tensor<12288xf32> init #nn.init<ones>
        source #nn.source<"h.{layer}.ln_2.weight">
    nn.parameter @ln_2.bias : tensor<12288xf32> init #nn.init<zeros>
        source #nn.source<"h.{layer}.ln_2.bias">
    nn.parameter @mlp.fc.weight : tensor<49152x12288xf32> init #nn.init<normal, 0.0, 0.02>
        source #nn.source<"h.{layer}.mlp.c_fc.weight", transpose>
    nn.parameter @mlp.fc.bias : tensor<49152xf32> init #nn.init<zeros>
        source #nn.source<"h.{layer}.mlp.c_fc.bias">
    nn.parameter @mlp.proj.weight : tensor<12288x49152xf32> init #nn.init<normal, 0.0, 0.0014433756729740643>
        source #nn.source<"h.{layer}.mlp.c_proj.weight", transpose>
    nn.parameter @mlp.proj.bias : tensor<12288xf32> init #nn.init<zeros>
        source #nn.source<"h.{layer}.mlp.c_proj.bias">

    nn.block (%x: tensor<1x2048x12288xf32>) -> tensor<1x2048x12288xf32> {
      %a = nn.scope "attn" -> tensor<1x2048x12288xf32> {
        %lnw = nn.read @ln_1.weight : tensor<12288xf32>
        %lnb = nn.read @ln_1.bias : tensor<12288xf32>
        %n = nn.layer_norm %x weight %lnw bias %lnb {eps = 1.0e-5 : f64} : (tensor<1x2048x12288xf32>, tensor<12288xf32>, tensor<12288xf32>) -> tensor<1x2048x12288xf32>
        %qw = nn.read @attn.q.weight : tensor<12288x12288xf32>
        %qb = nn.read @attn.q.bias : tensor<12288xf32>
        %q2 = nn.linear %n, %qw bias %qb : (tensor<1x2048x12288xf32>, tensor<12288x12288xf32>, tensor<12288xf32>) -> tensor<1x2048x12288xf32>
        %kw = nn.read @attn.k.weight : tensor<12288x12288xf32>
        %kb = nn.read @attn.k.bias : tensor<12288xf32>
        %k2 = nn.linear %n, %kw bias %kb : (tensor<1x2048x12288xf32>, tensor<12288x12288xf32>, tensor<12288xf32>) -> tensor<1x2048x12288xf32>
        %vw = nn.read @attn.v.weight : tensor<12288x12288xf32>
        %vb = nn.read @attn.v.bias : tensor<12288xf32>
        %v2 = nn.linear %n, %vw bias %vb : (tensor<1x2048x12288xf32>, tensor<12288x12288xf32>, tensor<12288xf32>) -> tensor<1x2048x12288xf32>
        %q = nn.split_dim %q2 dim 2 minor 128 : (tensor<1x2048x12288xf32>) -> tensor<1x2048x96x128xf32>
        %k = nn.split_dim %k2 dim 2 minor 128 : (tensor<1x2048x12288xf32>) -> tensor<1x2048x96x128xf32>
        %v = nn.split_dim %v2 dim 2 minor 128 : (tensor<1x2048x12288xf32>) -> tensor<1x2048x96x128xf32>
        %o4 = nn.attention %q, %k, %v {causal = true} : (tensor<1x2048x96x128xf32>, tensor<1x2048x96x128xf32>, tensor<1x2048x96x128xf32>) -> tensor<1x2048x96x128xf32>
        %o2 = nn.merge_dims %o4 dim 2 : (tensor<1x2048x96x128xf32>) -> tensor<1x2048x12288xf32>
        %ow = nn.read @attn.o.weight : tensor<12288x12288xf32>
        %ob = nn.read @attn.o.bias : tensor<12288xf32>
        %o = nn.linear %o2, %ow bias %ob : (tensor<1x2048x12288xf32>, tensor<12288x12288xf32>, tensor<12288xf32>) -> tensor<1x2048x12288xf32>
        nn.yield %o : tensor<1x2048x12288xf32>
      }
      %x1 = nn.add %x, %a : (tensor<1x2048x12288xf32>, tensor<1x2048x12288xf32>) -> tensor<1x2048x12288xf32>
      %m = nn.scope "mlp" -> tensor<1x2048x12288xf32> {
        %lnw = nn.read @ln_2.weight : tensor<12288xf32>
        %lnb = nn.read @ln_2.bias : tensor<12288xf32>
        %n = nn.layer_norm %x1 weight %lnw bias %lnb {eps = 1.0e-5 : f64} : (tensor<1x2048x12288xf32>, tensor<12288xf32>, tensor<12288xf32>) -> tensor<1x2048x12288xf32>
        %fcw = nn.read @mlp.fc.weight : tensor<49152x12288xf32>
        %fcb = nn.read @mlp.fc.bias : tensor<49152xf32>
        %u = nn.linear %n, %fcw bias %fcb : (tensor<1x2048x12288xf32>, tensor<49152x12288xf32>, tensor<49152xf32>) -> tensor<1x2048x49152xf32>
        %g = nn.gelu %u {tanh} : (tensor<1x2048x49152xf32>) -> tensor<1x2048x49152xf32>
        %prw = nn.read @mlp.proj.weight : tensor<12288x49152xf32>
        %prb = nn.read @mlp.proj.bias : tensor<12288xf32>
        %d = nn.linear %g, %prw bias %prb : (tensor<1x2048x49152xf32>, tensor<12288x49152xf32>, tensor<12288xf32>) -> tensor<1x2048x12288xf32>
        nn.yield %d : tensor<1x2048x12288xf32>
      }
      %x2 = nn.add %x1, %m : (tensor<1x2048x12288xf32>, tensor<1x2048x12288xf32>) -> tensor<1x2048x12288xf32>
      nn.return %x2 : tensor<1x2048x12288xf32>
    }
  }

  nn.parameter @ln_f.weight : tensor<12288xf32> init #nn.init<ones>
      source #nn.source<"ln_f.weight">
  nn.parameter @ln_f.bias : tensor<12288xf32> init #nn.init<zeros>
      source #nn.source<"ln_f.bias">
  nn.tie @lm_head to @wte init #nn.init<zeros>

  nn.entry @loss outputs ["loss"] {
    %tokens = nn.read @tokens : tensor<1x2048xi32>
    %x = nn.scope "embed" -> tensor<1x2048x12288xf32> {
      %wte = nn.read @wte : tensor<50257x12288xf32>
      %wpe = nn.read @wpe : tensor<2048x12288xf32>
      %e = nn.embedding %tokens, %wte : (tensor<1x2048xi32>, tensor<50257x12288xf32>) -> tensor<1x2048x12288xf32>
      %i = nn.positions %tokens : (tensor<1x2048xi32>) -> tensor<1x2048xi32>
      %p = nn.embedding %i, %wpe : (tensor<1x2048xi32>, tensor<2048x12288xf32>) -> tensor<1x2048x12288xf32>
      %s = nn.add %e, %p : (tensor<1x2048x12288xf32>, tensor<1x2048x12288xf32>) -> tensor<1x2048x12288xf32>
      nn.yield %s : tensor<1x2048x12288xf32>
    }
    %y = nn.apply @h(%x) : (tensor<1x2048x12288xf32>) -> tensor<1x2048x12288xf32>
    %logits = nn.scope "head" -> tensor<1x2048x50257xf32> {
      %lnw = nn.read @ln_f.weight : tensor<12288xf32>
      %lnb = nn.read @ln_f.bias : tensor<12288xf32>
      %n = nn.layer_norm %y weight %lnw bias %lnb {eps = 1.0e-5 : f64} : (tensor<1x2048x12288xf32>, tensor<12288xf32>, tensor<12288xf32>) -> tensor<1x2048x12288xf32>
      %hw = nn.read @lm_head : tensor<50257x12288xf32>
      %l = nn.linear %n, %hw : (tensor<1x2048x12288xf32>, tensor<50257x12288xf32>) -> tensor<1x2048x50257xf32>
      nn.yield %l : tensor<1x2048x50257xf32>
    }
    %labels = nn.read @labels : tensor<1x2048xi32>
    %loss = nn.scope "loss" -> tensor<f32> {
      %c = nn.cross_entropy %logits, %labels {ignore_index = -100 : i64} : (tensor<1x2048x50257xf32>, tensor<1x2048xi32>) -> tensor<f32>
      nn.yield %c : tensor<f32>
    }
    nn.return %loss : tensor<f32>
  }

  nn.training @train of @loss
      optimizer #nn.adam<lr = @lr, beta1 = 0.9 : f64, beta2 = 0.95 : f64, eps = 1.0e-8 : f64, weight_decay = 0.1 : f64, decoupled = true>
      clip_norm 1.0
      groups [#nn.group<"*.bias", weight_decay = 0.0 : f64>, #nn.group<"*ln_*", weight_decay = 0.0 : f64>]
}
