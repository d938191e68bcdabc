// The shape of Llama 3.2 1B: 16 layers, hidden 2048, 32 query heads of 64 that share 8 kv heads, SwiGLU of 8192,
// vocabulary 128256, rope with theta 500000 (the published model also stretches rope for long contexts), no biases,
// the output head tied to the embedding.
//
//   tpc compile models/llama3.2-1b.mlir --target cuda --precision bf16 -o llama3.2-1b.plan
//
// Sources are the names of the published checkpoint. Query heads 4i ... 4i + 3 read kv head i; rope pairs the
// halves of a head (i, i + 32). Shapes: b batch, t sequence; [b, t, 2048] is the residual stream.

module @llama3_2_1b {
  nn.dim @B = 1
  nn.dim @T = 2048

  nn.input @tokens : tensor<1x2048xi32> dims ["B", "T"] feed #nn.tokens<>
  nn.input @labels : tensor<1x2048xi32> dims ["B", "T"] feed #nn.tokens<shift = 1, tail = -100>
  nn.scalar @lr : tensor<f32> = 3.0e-4

  nn.parameter @embed_tokens : tensor<128256x2048xf32> init #nn.init<normal, 0.0, 0.02>
      source #nn.source<"model.embed_tokens.weight">

  nn.layers @layers count 16 {
    nn.parameter @input_norm.weight : tensor<2048xf32> init #nn.init<ones>
        source #nn.source<"model.layers.{layer}.input_layernorm.weight">
    nn.parameter @attn.q.weight : tensor<2048x2048xf32> init #nn.init<normal, 0.0, 0.02>
        source #nn.source<"model.layers.{layer}.self_attn.q_proj.weight">
    nn.parameter @attn.k.weight : tensor<512x2048xf32> init #nn.init<normal, 0.0, 0.02>
        source #nn.source<"model.layers.{layer}.self_attn.k_proj.weight">
    nn.parameter @attn.v.weight : tensor<512x2048xf32> init #nn.init<normal, 0.0, 0.02>
        source #nn.source<"model.layers.{layer}.self_attn.v_proj.weight">
    nn.parameter @attn.o.weight : tensor<2048x2048xf32> init #nn.init<normal, 0.0, 0.02>
        source #nn.source<"model.layers.{layer}.self_attn.o_proj.weight">
    nn.parameter @post_norm.weight : tensor<2048xf32> init #nn.init<ones>
        source #nn.source<"model.layers.{layer}.post_attention_layernorm.weight">
    nn.parameter @mlp.gate.weight : tensor<8192x2048xf32> init #nn.init<normal, 0.0, 0.02>
        source #nn.source<"model.layers.{layer}.mlp.gate_proj.weight">
    nn.parameter @mlp.up.weight : tensor<8192x2048xf32> init #nn.init<normal, 0.0, 0.02>
        source #nn.source<"model.layers.{layer}.mlp.up_proj.weight">
    nn.parameter @mlp.down.weight : tensor<2048x8192xf32> init #nn.init<normal, 0.0, 0.02>
        source #nn.source<"model.layers.{layer}.mlp.down_proj.weight">

    nn.block (%x: tensor<1x2048x2048xf32>) -> tensor<1x2048x2048xf32> {
      %a = nn.scope "attn" -> tensor<1x2048x2048xf32> {
        %nw = nn.read @input_norm.weight : tensor<2048xf32>
        %n = nn.rms_norm %x weight %nw {eps = 1.0e-5 : f64} : (tensor<1x2048x2048xf32>, tensor<2048xf32>) -> tensor<1x2048x2048xf32>
        %qw = nn.read @attn.q.weight : tensor<2048x2048xf32>
        %q2 = nn.linear %n, %qw : (tensor<1x2048x2048xf32>, tensor<2048x2048xf32>) -> tensor<1x2048x2048xf32>
        %kw = nn.read @attn.k.weight : tensor<512x2048xf32>
        %k2 = nn.linear %n, %kw : (tensor<1x2048x2048xf32>, tensor<512x2048xf32>) -> tensor<1x2048x512xf32>
        %vw = nn.read @attn.v.weight : tensor<512x2048xf32>
        %v2 = nn.linear %n, %vw : (tensor<1x2048x2048xf32>, tensor<512x2048xf32>) -> tensor<1x2048x512xf32>
        %q1 = nn.split_dim %q2 dim 2 minor 64 : (tensor<1x2048x2048xf32>) -> tensor<1x2048x32x64xf32>
        %k1 = nn.split_dim %k2 dim 2 minor 64 : (tensor<1x2048x512xf32>) -> tensor<1x2048x8x64xf32>
        %v = nn.split_dim %v2 dim 2 minor 64 : (tensor<1x2048x512xf32>) -> tensor<1x2048x8x64xf32>
        %q = nn.rope %q1 {theta = 500000.0 : f64} : (tensor<1x2048x32x64xf32>) -> tensor<1x2048x32x64xf32>
        %k = nn.rope %k1 {theta = 500000.0 : f64} : (tensor<1x2048x8x64xf32>) -> tensor<1x2048x8x64xf32>
        %o4 = nn.attention %q, %k, %v {causal = true} : (tensor<1x2048x32x64xf32>, tensor<1x2048x8x64xf32>, tensor<1x2048x8x64xf32>) -> tensor<1x2048x32x64xf32>
        %o2 = nn.merge_dims %o4 dim 2 : (tensor<1x2048x32x64xf32>) -> tensor<1x2048x2048xf32>
        %ow = nn.read @attn.o.weight : tensor<2048x2048xf32>
        %o = nn.linear %o2, %ow : (tensor<1x2048x2048xf32>, tensor<2048x2048xf32>) -> tensor<1x2048x2048xf32>
        nn.yield %o : tensor<1x2048x2048xf32>
      }
      %x1 = nn.add %x, %a : (tensor<1x2048x2048xf32>, tensor<1x2048x2048xf32>) -> tensor<1x2048x2048xf32>
      %m = nn.scope "mlp" -> tensor<1x2048x2048xf32> {
        %nw = nn.read @post_norm.weight : tensor<2048xf32>
        %n = nn.rms_norm %x1 weight %nw {eps = 1.0e-5 : f64} : (tensor<1x2048x2048xf32>, tensor<2048xf32>) -> tensor<1x2048x2048xf32>
        %gw = nn.read @mlp.gate.weight : tensor<8192x2048xf32>
        %g = nn.linear %n, %gw : (tensor<1x2048x2048xf32>, tensor<8192x2048xf32>) -> tensor<1x2048x8192xf32>
        %uw = nn.read @mlp.up.weight : tensor<8192x2048xf32>
        %u = nn.linear %n, %uw : (tensor<1x2048x2048xf32>, tensor<8192x2048xf32>) -> tensor<1x2048x8192xf32>
        %s = nn.silu %g : (tensor<1x2048x8192xf32>) -> tensor<1x2048x8192xf32>
        %p = nn.mul %s, %u : (tensor<1x2048x8192xf32>, tensor<1x2048x8192xf32>) -> tensor<1x2048x8192xf32>
        %dw = nn.read @mlp.down.weight : tensor<2048x8192xf32>
        %d = nn.linear %p, %dw : (tensor<1x2048x8192xf32>, tensor<2048x8192xf32>) -> tensor<1x2048x2048xf32>
        nn.yield %d : tensor<1x2048x2048xf32>
      }
      %x2 = nn.add %x1, %m : (tensor<1x2048x2048xf32>, tensor<1x2048x2048xf32>) -> tensor<1x2048x2048xf32>
      nn.return %x2 : tensor<1x2048x2048xf32>
    }
  }

  nn.parameter @norm.weight : tensor<2048xf32> init #nn.init<ones>
      source #nn.source<"model.norm.weight">
  nn.tie @lm_head to @embed_tokens init #nn.init<zeros>

  nn.entry @loss outputs ["loss"] {
    %tokens = nn.read @tokens : tensor<1x2048xi32>
    %x = nn.scope "embed" -> tensor<1x2048x2048xf32> {
      %w = nn.read @embed_tokens : tensor<128256x2048xf32>
      %e = nn.embedding %tokens, %w : (tensor<1x2048xi32>, tensor<128256x2048xf32>) -> tensor<1x2048x2048xf32>
      nn.yield %e : tensor<1x2048x2048xf32>
    }
    %y = nn.apply @layers(%x) : (tensor<1x2048x2048xf32>) -> tensor<1x2048x2048xf32>
    %logits = nn.scope "head" -> tensor<1x2048x128256xf32> {
      %nw = nn.read @norm.weight : tensor<2048xf32>
      %n = nn.rms_norm %y weight %nw {eps = 1.0e-5 : f64} : (tensor<1x2048x2048xf32>, tensor<2048xf32>) -> tensor<1x2048x2048xf32>
      %w = nn.read @lm_head : tensor<128256x2048xf32>
      %l = nn.linear %n, %w : (tensor<1x2048x2048xf32>, tensor<128256x2048xf32>) -> tensor<1x2048x128256xf32>
      nn.yield %l : tensor<1x2048x128256xf32>
    }
    %labels = nn.read @labels : tensor<1x2048xi32>
    %loss = nn.scope "loss" -> tensor<f32> {
      %c = nn.cross_entropy %logits, %labels {ignore_index = -100 : i64} : (tensor<1x2048x128256xf32>, tensor<1x2048xi32>) -> tensor<f32>
      nn.yield %c : tensor<f32>
    }
    nn.return %loss : tensor<f32>
  }

  nn.training @train of @loss
      optimizer #nn.adam<lr = @lr, beta1 = 0.9 : f64, beta2 = 0.95 : f64, eps = 1.0e-8 : f64, weight_decay = 0.1 : f64, decoupled = true>
      clip_norm 1.0
      groups [#nn.group<"*norm.weight", weight_decay = 0.0 : f64>]
}
