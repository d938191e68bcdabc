// A small GPT-2 whose attention has one fused linear for query, key and value, as the published checkpoint stores
// it: its output dim is (3, heads, size), and tensor parallelism splits the factor in the middle.

module @gpt2_fused {
  nn.dim @B = 2
  nn.dim @T = 16

  nn.input @tokens : tensor<2x16xi32> dims ["B", "T"] feed #nn.tokens<>
  nn.input @labels : tensor<2x16xi32> dims ["B", "T"] feed #nn.tokens<shift = 1, tail = -100>
  nn.scalar @lr : tensor<f32> = 1.0e-3

  nn.parameter @wte : tensor<257x96xf32> init #nn.init<normal, 0.0, 0.02>
      source #nn.source<"wte.weight">
  nn.parameter @wpe : tensor<64x96xf32> init #nn.init<normal, 0.0, 0.02>
      source #nn.source<"wpe.weight">

  nn.layers @h count 2 {
    nn.parameter @ln_1.weight : tensor<96xf32> init #nn.init<ones>
        source #nn.source<"h.{layer}.ln_1.weight">
    nn.parameter @ln_1.bias : tensor<96xf32> init #nn.init<zeros>
        source #nn.source<"h.{layer}.ln_1.bias">
    nn.parameter @attn.qkv.weight : tensor<288x96xf32> init #nn.init<normal, 0.0, 0.02>
        source #nn.source<"h.{layer}.attn.c_attn.weight", transpose>
    nn.parameter @attn.qkv.bias : tensor<288xf32> init #nn.init<zeros>
        source #nn.source<"h.{layer}.attn.c_attn.bias">
    nn.parameter @attn.o.weight : tensor<96x96xf32> init #nn.init<normal, 0.0, 0.02>
        source #nn.source<"h.{layer}.attn.c_proj.weight", transpose>
    nn.parameter @attn.o.bias : tensor<96xf32> init #nn.init<zeros>
        source #nn.source<"h.{layer}.attn.c_proj.bias">
    nn.parameter @ln_2.weight : tensor<96xf32> init #nn.init<ones>
        source #nn.source<"h.{layer}.ln_2.weight">
    nn.parameter @ln_2.bias : tensor<96xf32> init #nn.init<zeros>
        source #nn.source<"h.{layer}.ln_2.bias">
    nn.parameter @mlp.fc.weight : tensor<384x96xf32> init #nn.init<normal, 0.0, 0.02>
        source #nn.source<"h.{layer}.mlp.c_fc.weight", transpose>
    nn.parameter @mlp.fc.bias : tensor<384xf32> init #nn.init<zeros>
        source #nn.source<"h.{layer}.mlp.c_fc.bias">
    nn.parameter @mlp.proj.weight : tensor<96x384xf32> init #nn.init<normal, 0.0, 0.02>
        source #nn.source<"h.{layer}.mlp.c_proj.weight", transpose>
    nn.parameter @mlp.proj.bias : tensor<96xf32> init #nn.init<zeros>
        source #nn.source<"h.{layer}.mlp.c_proj.bias">

    nn.block (%x: tensor<2x16x96xf32>) -> tensor<2x16x96xf32> {
      %a = nn.scope "attn" -> tensor<2x16x96xf32> {
        %lnw = nn.read @ln_1.weight : tensor<96xf32>
        %lnb = nn.read @ln_1.bias : tensor<96xf32>
        %n = nn.layer_norm %x weight %lnw bias %lnb {eps = 1.0e-5 : f64} : (tensor<2x16x96xf32>, tensor<96xf32>, tensor<96xf32>) -> tensor<2x16x96xf32>
        %w = nn.read @attn.qkv.weight : tensor<288x96xf32>
        %b = nn.read @attn.qkv.bias : tensor<288xf32>
        %f = nn.linear %n, %w bias %b : (tensor<2x16x96xf32>, tensor<288x96xf32>, tensor<288xf32>) -> tensor<2x16x288xf32>
        %f3 = nn.split_dim %f dim 2 minor 96 : (tensor<2x16x288xf32>) -> tensor<2x16x3x96xf32>
        %q1 = nn.slice %f3 dim 2 start 0 size 1 : (tensor<2x16x3x96xf32>) -> tensor<2x16x1x96xf32>
        %q2 = nn.merge_dims %q1 dim 2 : (tensor<2x16x1x96xf32>) -> tensor<2x16x96xf32>
        %q = nn.split_dim %q2 dim 2 minor 8 : (tensor<2x16x96xf32>) -> tensor<2x16x12x8xf32>
        %k1 = nn.slice %f3 dim 2 start 1 size 1 : (tensor<2x16x3x96xf32>) -> tensor<2x16x1x96xf32>
        %k2 = nn.merge_dims %k1 dim 2 : (tensor<2x16x1x96xf32>) -> tensor<2x16x96xf32>
        %k = nn.split_dim %k2 dim 2 minor 8 : (tensor<2x16x96xf32>) -> tensor<2x16x12x8xf32>
        %v1 = nn.slice %f3 dim 2 start 2 size 1 : (tensor<2x16x3x96xf32>) -> tensor<2x16x1x96xf32>
        %v2 = nn.merge_dims %v1 dim 2 : (tensor<2x16x1x96xf32>) -> tensor<2x16x96xf32>
        %v = nn.split_dim %v2 dim 2 minor 8 : (tensor<2x16x96xf32>) -> tensor<2x16x12x8xf32>
        %o4 = nn.attention %q, %k, %v {causal = true} : (tensor<2x16x12x8xf32>, tensor<2x16x12x8xf32>, tensor<2x16x12x8xf32>) -> tensor<2x16x12x8xf32>
        %o2 = nn.merge_dims %o4 dim 2 : (tensor<2x16x12x8xf32>) -> tensor<2x16x96xf32>
        %ow = nn.read @attn.o.weight : tensor<96x96xf32>
        %ob = nn.read @attn.o.bias : tensor<96xf32>
        %o = nn.linear %o2, %ow bias %ob : (tensor<2x16x96xf32>, tensor<96x96xf32>, tensor<96xf32>) -> tensor<2x16x96xf32>
        nn.yield %o : tensor<2x16x96xf32>
      }
      %x1 = nn.add %x, %a : (tensor<2x16x96xf32>, tensor<2x16x96xf32>) -> tensor<2x16x96xf32>
      %m = nn.scope "mlp" -> tensor<2x16x96xf32> {
        %lnw = nn.read @ln_2.weight : tensor<96xf32>
        %lnb = nn.read @ln_2.bias : tensor<96xf32>
        %n = nn.layer_norm %x1 weight %lnw bias %lnb {eps = 1.0e-5 : f64} : (tensor<2x16x96xf32>, tensor<96xf32>, tensor<96xf32>) -> tensor<2x16x96xf32>
        %fcw = nn.read @mlp.fc.weight : tensor<384x96xf32>
        %fcb = nn.read @mlp.fc.bias : tensor<384xf32>
        %u = nn.linear %n, %fcw bias %fcb : (tensor<2x16x96xf32>, tensor<384x96xf32>, tensor<384xf32>) -> tensor<2x16x384xf32>
        %g = nn.gelu %u {tanh} : (tensor<2x16x384xf32>) -> tensor<2x16x384xf32>
        %prw = nn.read @mlp.proj.weight : tensor<96x384xf32>
        %prb = nn.read @mlp.proj.bias : tensor<96xf32>
        %d = nn.linear %g, %prw bias %prb : (tensor<2x16x384xf32>, tensor<96x384xf32>, tensor<96xf32>) -> tensor<2x16x96xf32>
        nn.yield %d : tensor<2x16x96xf32>
      }
      %x2 = nn.add %x1, %m : (tensor<2x16x96xf32>, tensor<2x16x96xf32>) -> tensor<2x16x96xf32>
      nn.return %x2 : tensor<2x16x96xf32>
    }
  }

  nn.parameter @ln_f.weight : tensor<96xf32> init #nn.init<ones>
      source #nn.source<"ln_f.weight">
  nn.parameter @ln_f.bias : tensor<96xf32> init #nn.init<zeros>
      source #nn.source<"ln_f.bias">
  nn.tie @lm_head to @wte init #nn.init<zeros>

  nn.entry @loss outputs ["loss"] {
    %tokens = nn.read @tokens : tensor<2x16xi32>
    %x = nn.scope "embed" -> tensor<2x16x96xf32> {
      %wte = nn.read @wte : tensor<257x96xf32>
      %wpe = nn.read @wpe : tensor<64x96xf32>
      %e = nn.embedding %tokens, %wte : (tensor<2x16xi32>, tensor<257x96xf32>) -> tensor<2x16x96xf32>
      %i = nn.positions %tokens : (tensor<2x16xi32>) -> tensor<2x16xi32>
      %p = nn.embedding %i, %wpe : (tensor<2x16xi32>, tensor<64x96xf32>) -> tensor<2x16x96xf32>
      %s = nn.add %e, %p : (tensor<2x16x96xf32>, tensor<2x16x96xf32>) -> tensor<2x16x96xf32>
      nn.yield %s : tensor<2x16x96xf32>
    }
    %y = nn.apply @h(%x) : (tensor<2x16x96xf32>) -> tensor<2x16x96xf32>
    %logits = nn.scope "head" -> tensor<2x16x257xf32> {
      %lnw = nn.read @ln_f.weight : tensor<96xf32>
      %lnb = nn.read @ln_f.bias : tensor<96xf32>
      %n = nn.layer_norm %y weight %lnw bias %lnb {eps = 1.0e-5 : f64} : (tensor<2x16x96xf32>, tensor<96xf32>, tensor<96xf32>) -> tensor<2x16x96xf32>
      %hw = nn.read @lm_head : tensor<257x96xf32>
      %l = nn.linear %n, %hw : (tensor<2x16x96xf32>, tensor<257x96xf32>) -> tensor<2x16x257xf32>
      nn.yield %l : tensor<2x16x257xf32>
    }
    %labels = nn.read @labels : tensor<2x16xi32>
    %loss = nn.scope "loss" -> tensor<f32> {
      %c = nn.cross_entropy %logits, %labels {ignore_index = -100 : i64} : (tensor<2x16x257xf32>, tensor<2x16xi32>) -> tensor<f32>
      nn.yield %c : tensor<f32>
    }
    nn.return %loss : tensor<f32>
  }

  nn.training @train of @loss
      optimizer #nn.adam<lr = @lr, beta1 = 0.9 : f64, beta2 = 0.95 : f64, eps = 1.0e-8 : f64, weight_decay = 0.1 : f64, decoupled = true>
      clip_norm 1.0
      groups [#nn.group<"*.bias", weight_decay = 0.0 : f64>, #nn.group<"*ln_*", weight_decay = 0.0 : f64>]
}
