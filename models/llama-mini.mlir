// A small Llama of SmolLM-135M's shape: 30 layers, hidden 576, 9 query heads that share 3 kv heads, SwiGLU
// of 1536, vocabulary 49152, no biases, embeddings tied to the output head. Three kv heads divide by few
// meshes: they are padded by whole groups, or held whole by every rank (docs/sharding.md).
//
//   tpc compile models/llama-mini.mlir --tp 2 --dim B=4 --dim T=64 -o llama-mini.plan
//   tpc run llama-mini.plan --data tokens.bin --steps 20 --log-json -
//
// Sources are the names of the published checkpoint. Query heads 3i, 3i + 1, 3i + 2 read kv head i; rope pairs
// the halves of a head (i, i + 32). Shapes: b batch, t sequence; [b, t, 576] is the residual stream.

module @llama_mini {
  nn.dim @B = 4
  nn.dim @T = 64

  nn.input @tokens : tensor<4x64xi32> dims ["B", "T"] feed #nn.tokens<>
  nn.input @labels : tensor<4x64xi32> dims ["B", "T"] feed #nn.tokens<shift = 1, tail = -100>
  nn.scalar @lr : tensor<f32> = 3.0e-3

  nn.parameter @embed_tokens : tensor<49152x576xf32> init #nn.init<normal, 0.0, 0.02>
      source #nn.source<"model.embed_tokens.weight">

  nn.layers @layers count 30 {
    nn.parameter @input_norm.weight : tensor<576xf32> init #nn.init<ones>
        source #nn.source<"model.layers.{layer}.input_layernorm.weight">
    nn.parameter @attn.q.weight : tensor<576x576xf32> init #nn.init<normal, 0.0, 0.02>
        source #nn.source<"model.layers.{layer}.self_attn.q_proj.weight">
    nn.parameter @attn.k.weight : tensor<192x576xf32> init #nn.init<normal, 0.0, 0.02>
        source #nn.source<"model.layers.{layer}.self_attn.k_proj.weight">
    nn.parameter @attn.v.weight : tensor<192x576xf32> init #nn.init<normal, 0.0, 0.02>
        source #nn.source<"model.layers.{layer}.self_attn.v_proj.weight">
    nn.parameter @attn.o.weight : tensor<576x576xf32> init #nn.init<normal, 0.0, 0.02>
        source #nn.source<"model.layers.{layer}.self_attn.o_proj.weight">
    nn.parameter @post_norm.weight : tensor<576xf32> init #nn.init<ones>
        source #nn.source<"model.layers.{layer}.post_attention_layernorm.weight">
    nn.parameter @mlp.gate.weight : tensor<1536x576xf32> init #nn.init<normal, 0.0, 0.02>
        source #nn.source<"model.layers.{layer}.mlp.gate_proj.weight">
    nn.parameter @mlp.up.weight : tensor<1536x576xf32> init #nn.init<normal, 0.0, 0.02>
        source #nn.source<"model.layers.{layer}.mlp.up_proj.weight">
    nn.parameter @mlp.down.weight : tensor<576x1536xf32> init #nn.init<normal, 0.0, 0.02>
        source #nn.source<"model.layers.{layer}.mlp.down_proj.weight">

    nn.block (%x: tensor<4x64x576xf32>) -> tensor<4x64x576xf32> {
      %a = nn.scope "attn" -> tensor<4x64x576xf32> {
        %nw = nn.read @input_norm.weight : tensor<576xf32>
        %n = nn.rms_norm %x weight %nw {eps = 1.0e-5 : f64} : (tensor<4x64x576xf32>, tensor<576xf32>) -> tensor<4x64x576xf32>
        %qw = nn.read @attn.q.weight : tensor<576x576xf32>
        %q2 = nn.linear %n, %qw : (tensor<4x64x576xf32>, tensor<576x576xf32>) -> tensor<4x64x576xf32>
        %kw = nn.read @attn.k.weight : tensor<192x576xf32>
        %k2 = nn.linear %n, %kw : (tensor<4x64x576xf32>, tensor<192x576xf32>) -> tensor<4x64x192xf32>
        %vw = nn.read @attn.v.weight : tensor<192x576xf32>
        %v2 = nn.linear %n, %vw : (tensor<4x64x576xf32>, tensor<192x576xf32>) -> tensor<4x64x192xf32>
        %q1 = nn.split_dim %q2 dim 2 minor 64 : (tensor<4x64x576xf32>) -> tensor<4x64x9x64xf32>
        %k1 = nn.split_dim %k2 dim 2 minor 64 : (tensor<4x64x192xf32>) -> tensor<4x64x3x64xf32>
        %v = nn.split_dim %v2 dim 2 minor 64 : (tensor<4x64x192xf32>) -> tensor<4x64x3x64xf32>
        %q = nn.rope %q1 : (tensor<4x64x9x64xf32>) -> tensor<4x64x9x64xf32>
        %k = nn.rope %k1 : (tensor<4x64x3x64xf32>) -> tensor<4x64x3x64xf32>
        %o4 = nn.attention %q, %k, %v {causal = true} : (tensor<4x64x9x64xf32>, tensor<4x64x3x64xf32>, tensor<4x64x3x64xf32>) -> tensor<4x64x9x64xf32>
        %o2 = nn.merge_dims %o4 dim 2 : (tensor<4x64x9x64xf32>) -> tensor<4x64x576xf32>
        %ow = nn.read @attn.o.weight : tensor<576x576xf32>
        %o = nn.linear %o2, %ow : (tensor<4x64x576xf32>, tensor<576x576xf32>) -> tensor<4x64x576xf32>
        nn.yield %o : tensor<4x64x576xf32>
      }
      %x1 = nn.add %x, %a : (tensor<4x64x576xf32>, tensor<4x64x576xf32>) -> tensor<4x64x576xf32>
      %m = nn.scope "mlp" -> tensor<4x64x576xf32> {
        %nw = nn.read @post_norm.weight : tensor<576xf32>
        %n = nn.rms_norm %x1 weight %nw {eps = 1.0e-5 : f64} : (tensor<4x64x576xf32>, tensor<576xf32>) -> tensor<4x64x576xf32>
        %gw = nn.read @mlp.gate.weight : tensor<1536x576xf32>
        %g = nn.linear %n, %gw : (tensor<4x64x576xf32>, tensor<1536x576xf32>) -> tensor<4x64x1536xf32>
        %uw = nn.read @mlp.up.weight : tensor<1536x576xf32>
        %u = nn.linear %n, %uw : (tensor<4x64x576xf32>, tensor<1536x576xf32>) -> tensor<4x64x1536xf32>
        %s = nn.silu %g : (tensor<4x64x1536xf32>) -> tensor<4x64x1536xf32>
        %p = nn.mul %s, %u : (tensor<4x64x1536xf32>, tensor<4x64x1536xf32>) -> tensor<4x64x1536xf32>
        %dw = nn.read @mlp.down.weight : tensor<576x1536xf32>
        %d = nn.linear %p, %dw : (tensor<4x64x1536xf32>, tensor<576x1536xf32>) -> tensor<4x64x576xf32>
        nn.yield %d : tensor<4x64x576xf32>
      }
      %x2 = nn.add %x1, %m : (tensor<4x64x576xf32>, tensor<4x64x576xf32>) -> tensor<4x64x576xf32>
      nn.return %x2 : tensor<4x64x576xf32>
    }
  }

  nn.parameter @norm.weight : tensor<576xf32> init #nn.init<ones>
      source #nn.source<"model.norm.weight">
  nn.tie @lm_head to @embed_tokens init #nn.init<zeros>

  nn.entry @loss outputs ["loss"] {
    %tokens = nn.read @tokens : tensor<4x64xi32>
    %x = nn.scope "embed" -> tensor<4x64x576xf32> {
      %w = nn.read @embed_tokens : tensor<49152x576xf32>
      %e = nn.embedding %tokens, %w : (tensor<4x64xi32>, tensor<49152x576xf32>) -> tensor<4x64x576xf32>
      nn.yield %e : tensor<4x64x576xf32>
    }
    %y = nn.apply @layers(%x) : (tensor<4x64x576xf32>) -> tensor<4x64x576xf32>
    %logits = nn.scope "head" -> tensor<4x64x49152xf32> {
      %nw = nn.read @norm.weight : tensor<576xf32>
      %n = nn.rms_norm %y weight %nw {eps = 1.0e-5 : f64} : (tensor<4x64x576xf32>, tensor<576xf32>) -> tensor<4x64x576xf32>
      %w = nn.read @lm_head : tensor<49152x576xf32>
      %l = nn.linear %n, %w : (tensor<4x64x576xf32>, tensor<49152x576xf32>) -> tensor<4x64x49152xf32>
      nn.yield %l : tensor<4x64x49152xf32>
    }
    %labels = nn.read @labels : tensor<4x64xi32>
    %loss = nn.scope "loss" -> tensor<f32> {
      %c = nn.cross_entropy %logits, %labels {ignore_index = -100 : i64} : (tensor<4x64x49152xf32>, tensor<4x64xi32>) -> tensor<f32>
      nn.yield %c : tensor<f32>
    }
    nn.return %loss : tensor<f32>
  }

  nn.training @train of @loss
      optimizer #nn.adam<lr = @lr, beta1 = 0.9 : f64, beta2 = 0.95 : f64, eps = 1.0e-8 : f64, weight_decay = 0.1 : f64, decoupled = true>
      clip_norm 1.0
      groups [#nn.group<"*norm.weight", weight_decay = 0.0 : f64>]
}
