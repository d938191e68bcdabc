// A small GPT over bytes: 4 layers, 4 heads, hidden 256, no biases, embeddings tied to the output head.
// It trains on any file: the 256 values of a byte are its vocabulary.
//
//   tpc compile models/byte-gpt.mlir --tp 2 -o byte-gpt.plan
//   tpc run byte-gpt.plan --data README.md --steps 100
//
// Shapes: B sequences of T bytes; [B, T, 256] is the residual stream. Linear weights are [out, in].

module @byte_gpt {
  nn.dim @B = 8
  nn.dim @T = 128

  nn.input @bytes : tensor<8x128xi32> dims ["B", "T"] feed #nn.tokens<> {nn.bytes}
  // The next byte; behind the end of the file there is none.
  nn.input @next : tensor<8x128xi32> dims ["B", "T"] feed #nn.tokens<shift = 1, tail = -100> {nn.bytes}
  nn.scalar @lr : tensor<f32> = 3.0e-4

  nn.parameter @wte : tensor<256x256xf32> init #nn.init<normal, 0.0, 0.02>
  nn.parameter @wpe : tensor<1024x256xf32> init #nn.init<normal, 0.0, 0.02>

  nn.layers @h count 4 {
    nn.parameter @ln_1.weight : tensor<256xf32> init #nn.init<ones>
    nn.parameter @attn.q.weight : tensor<256x256xf32> init #nn.init<normal, 0.0, 0.02>
    nn.parameter @attn.k.weight : tensor<256x256xf32> init #nn.init<normal, 0.0, 0.02>
    nn.parameter @attn.v.weight : tensor<256x256xf32> init #nn.init<normal, 0.0, 0.02>
    nn.parameter @attn.o.weight : tensor<256x256xf32> init #nn.init<normal, 0.0, 0.007>
    nn.parameter @ln_2.weight : tensor<256xf32> init #nn.init<ones>
    nn.parameter @mlp.fc.weight : tensor<1024x256xf32> init #nn.init<normal, 0.0, 0.02>
    nn.parameter @mlp.proj.weight : tensor<256x1024xf32> init #nn.init<normal, 0.0, 0.007>

    nn.block (%x: tensor<8x128x256xf32>) -> tensor<8x128x256xf32> {
      %a = nn.scope "attn" -> tensor<8x128x256xf32> {
        %lnw = nn.read @ln_1.weight : tensor<256xf32>
        %n = nn.layer_norm %x weight %lnw {eps = 1.0e-5 : f64} : (tensor<8x128x256xf32>, tensor<256xf32>) -> tensor<8x128x256xf32>
        %qw = nn.read @attn.q.weight : tensor<256x256xf32>
        %q2 = nn.linear %n, %qw : (tensor<8x128x256xf32>, tensor<256x256xf32>) -> tensor<8x128x256xf32>
        %kw = nn.read @attn.k.weight : tensor<256x256xf32>
        %k2 = nn.linear %n, %kw : (tensor<8x128x256xf32>, tensor<256x256xf32>) -> tensor<8x128x256xf32>
        %vw = nn.read @attn.v.weight : tensor<256x256xf32>
        %v2 = nn.linear %n, %vw : (tensor<8x128x256xf32>, tensor<256x256xf32>) -> tensor<8x128x256xf32>
        %q = nn.split_dim %q2 dim 2 minor 64 : (tensor<8x128x256xf32>) -> tensor<8x128x4x64xf32>
        %k = nn.split_dim %k2 dim 2 minor 64 : (tensor<8x128x256xf32>) -> tensor<8x128x4x64xf32>
        %v = nn.split_dim %v2 dim 2 minor 64 : (tensor<8x128x256xf32>) -> tensor<8x128x4x64xf32>
        %o4 = nn.attention %q, %k, %v {causal = true} : (tensor<8x128x4x64xf32>, tensor<8x128x4x64xf32>, tensor<8x128x4x64xf32>) -> tensor<8x128x4x64xf32>
        %o2 = nn.merge_dims %o4 dim 2 : (tensor<8x128x4x64xf32>) -> tensor<8x128x256xf32>
        %ow = nn.read @attn.o.weight : tensor<256x256xf32>
        %o = nn.linear %o2, %ow : (tensor<8x128x256xf32>, tensor<256x256xf32>) -> tensor<8x128x256xf32>
        nn.yield %o : tensor<8x128x256xf32>
      }
      %x1 = nn.add %x, %a : (tensor<8x128x256xf32>, tensor<8x128x256xf32>) -> tensor<8x128x256xf32>
      %m = nn.scope "mlp" -> tensor<8x128x256xf32> {
        %lnw = nn.read @ln_2.weight : tensor<256xf32>
        %n = nn.layer_norm %x1 weight %lnw {eps = 1.0e-5 : f64} : (tensor<8x128x256xf32>, tensor<256xf32>) -> tensor<8x128x256xf32>
        %fcw = nn.read @mlp.fc.weight : tensor<1024x256xf32>
        %u = nn.linear %n, %fcw : (tensor<8x128x256xf32>, tensor<1024x256xf32>) -> tensor<8x128x1024xf32>
        %g = nn.gelu %u : (tensor<8x128x1024xf32>) -> tensor<8x128x1024xf32>
        %prw = nn.read @mlp.proj.weight : tensor<256x1024xf32>
        %d = nn.linear %g, %prw : (tensor<8x128x1024xf32>, tensor<256x1024xf32>) -> tensor<8x128x256xf32>
        nn.yield %d : tensor<8x128x256xf32>
      }
      %x2 = nn.add %x1, %m : (tensor<8x128x256xf32>, tensor<8x128x256xf32>) -> tensor<8x128x256xf32>
      nn.return %x2 : tensor<8x128x256xf32>
    }
  }

  nn.parameter @ln_f.weight : tensor<256xf32> init #nn.init<ones>
  nn.tie @head to @wte init #nn.init<zeros>

  nn.entry @loss outputs ["loss"] {
    %bytes = nn.read @bytes : tensor<8x128xi32>
    %x = nn.scope "embed" -> tensor<8x128x256xf32> {
      %wte = nn.read @wte : tensor<256x256xf32>
      %wpe = nn.read @wpe : tensor<1024x256xf32>
      %e = nn.embedding %bytes, %wte : (tensor<8x128xi32>, tensor<256x256xf32>) -> tensor<8x128x256xf32>
      %i = nn.positions %bytes : (tensor<8x128xi32>) -> tensor<8x128xi32>
      %p = nn.embedding %i, %wpe : (tensor<8x128xi32>, tensor<1024x256xf32>) -> tensor<8x128x256xf32>
      %s = nn.add %e, %p : (tensor<8x128x256xf32>, tensor<8x128x256xf32>) -> tensor<8x128x256xf32>
      nn.yield %s : tensor<8x128x256xf32>
    }
    %y = nn.apply @h(%x) : (tensor<8x128x256xf32>) -> tensor<8x128x256xf32>
    %logits = nn.scope "head" -> tensor<8x128x256xf32> {
      %lnw = nn.read @ln_f.weight : tensor<256xf32>
      %n = nn.layer_norm %y weight %lnw {eps = 1.0e-5 : f64} : (tensor<8x128x256xf32>, tensor<256xf32>) -> tensor<8x128x256xf32>
      %hw = nn.read @head : tensor<256x256xf32>
      %l = nn.linear %n, %hw : (tensor<8x128x256xf32>, tensor<256x256xf32>) -> tensor<8x128x256xf32>
      nn.yield %l : tensor<8x128x256xf32>
    }
    %next = nn.read @next : tensor<8x128xi32>
    %loss = nn.scope "loss" -> tensor<f32> {
      %c = nn.cross_entropy %logits, %next {ignore_index = -100 : i64} : (tensor<8x128x256xf32>, tensor<8x128xi32>) -> tensor<f32>
      nn.yield %c : tensor<f32>
    }
    nn.return %loss : tensor<f32>
  }

  nn.training @train of @loss
      optimizer #nn.adam<lr = @lr, beta1 = 0.9 : f64, beta2 = 0.95 : f64, eps = 1.0e-8 : f64, weight_decay = 0.1 : f64, decoupled = true>
      clip_norm 1.0
      groups [#nn.group<"*ln_*", weight_decay = 0.0 : f64>]
}
