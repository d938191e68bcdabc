// RUN: tpc-opt %s -split-input-file -verify-diagnostics --tpc-expand-composites --tpc-build-training

// Ops of the backward pass and of updates are not differentiated again; to try is a located error.

nn.parameter @x0 : tensor<3x1x12xf64> init #nn.init<ones>
nn.parameter @x1 : tensor<12x8xf64> init #nn.init<ones>
nn.scalar @lr : tensor<f64> = 0.1
nn.entry @loss outputs ["loss"] {
  %0 = nn.read @x0 : tensor<3x1x12xf64>
  %1 = nn.read @x1 : tensor<12x8xf64>
  // expected-error @+2 {{'nn.linear_input_grad' op has no gradient, but the loss depends on a parameter through it}}
  // expected-note @+1 {{hint: add NN_Gradient to the op in dialects/nn/NNOps.td}}
  %r = nn.linear_input_grad %0, %1 : (tensor<3x1x12xf64>, tensor<12x8xf64>) -> tensor<3x1x8xf64>
  %s = nn.square %r : (tensor<3x1x8xf64>) -> tensor<3x1x8xf64>
  %loss = nn.sum %s dims [0, 1, 2] : (tensor<3x1x8xf64>) -> tensor<f64>
  nn.return %loss : tensor<f64>
}
nn.training @train of @loss optimizer #nn.sgd<lr = @lr>

// -----

nn.parameter @x0 : tensor<3x1x12xf64> init #nn.init<ones>
nn.parameter @x1 : tensor<3x1x8xf64> init #nn.init<ones>
nn.scalar @lr : tensor<f64> = 0.1
nn.entry @loss outputs ["loss"] {
  %0 = nn.read @x0 : tensor<3x1x12xf64>
  %1 = nn.read @x1 : tensor<3x1x8xf64>
  // expected-error @+2 {{'nn.linear_weight_grad' op has no gradient, but the loss depends on a parameter through it}}
  // expected-note @+1 {{hint: add NN_Gradient to the op in dialects/nn/NNOps.td}}
  %r = nn.linear_weight_grad %0, %1 : (tensor<3x1x12xf64>, tensor<3x1x8xf64>) -> tensor<12x8xf64>
  %s = nn.square %r : (tensor<12x8xf64>) -> tensor<12x8xf64>
  %loss = nn.sum %s dims [0, 1] : (tensor<12x8xf64>) -> tensor<f64>
  nn.return %loss : tensor<f64>
}
nn.training @train of @loss optimizer #nn.sgd<lr = @lr>

// -----

nn.parameter @x0 : tensor<1x3x12x2xf64> init #nn.init<ones>
nn.parameter @x1 : tensor<1x4x4x2xf64> init #nn.init<ones>
nn.parameter @x2 : tensor<1x4x4x2xf64> init #nn.init<ones>
nn.parameter @x3 : tensor<1x3x12x2xf64> init #nn.init<ones>
nn.parameter @x4 : tensor<1x12x3xf64> init #nn.init<ones>
nn.parameter @x5 : tensor<1x3x12x2xf64> init #nn.init<ones>
nn.scalar @lr : tensor<f64> = 0.1
nn.entry @loss outputs ["loss"] {
  %0 = nn.read @x0 : tensor<1x3x12x2xf64>
  %1 = nn.read @x1 : tensor<1x4x4x2xf64>
  %2 = nn.read @x2 : tensor<1x4x4x2xf64>
  %3 = nn.read @x3 : tensor<1x3x12x2xf64>
  %4 = nn.read @x4 : tensor<1x12x3xf64>
  %5 = nn.read @x5 : tensor<1x3x12x2xf64>
  // expected-error @+2 {{'nn.flash_attention_grad' op has no gradient, but the loss depends on a parameter through it}}
  // expected-note @+1 {{hint: add NN_Gradient to the op in dialects/nn/NNOps.td}}
  %r:3 = nn.flash_attention_grad %0, %1, %2, %3, %4, %5 {causal = false, scale = 0.7 : f64} : (tensor<1x3x12x2xf64>, tensor<1x4x4x2xf64>, tensor<1x4x4x2xf64>, tensor<1x3x12x2xf64>, tensor<1x12x3xf64>, tensor<1x3x12x2xf64>) -> (tensor<1x3x12x2xf64>, tensor<1x4x4x2xf64>, tensor<1x4x4x2xf64>)
  %s = nn.square %r#2 : (tensor<1x4x4x2xf64>) -> tensor<1x4x4x2xf64>
  %loss = nn.sum %s dims [0, 1, 2, 3] : (tensor<1x4x4x2xf64>) -> tensor<f64>
  nn.return %loss : tensor<f64>
}
nn.training @train of @loss optimizer #nn.sgd<lr = @lr>

// -----

nn.parameter @x0 : tensor<4x6xf64> init #nn.init<ones>
nn.parameter @x1 : tensor<4x6xf64> init #nn.init<ones>
nn.scalar @lr : tensor<f64> = 0.1
nn.entry @loss outputs ["loss"] {
  %0 = nn.read @x0 : tensor<4x6xf64>
  %1 = nn.read @x1 : tensor<4x6xf64>
  // expected-error @+2 {{'nn.silu_grad' op has no gradient, but the loss depends on a parameter through it}}
  // expected-note @+1 {{hint: add NN_Gradient to the op in dialects/nn/NNOps.td}}
  %r = nn.silu_grad %0, %1 : (tensor<4x6xf64>, tensor<4x6xf64>) -> tensor<4x6xf64>
  %s = nn.square %r : (tensor<4x6xf64>) -> tensor<4x6xf64>
  %loss = nn.sum %s dims [0, 1] : (tensor<4x6xf64>) -> tensor<f64>
  nn.return %loss : tensor<f64>
}
nn.training @train of @loss optimizer #nn.sgd<lr = @lr>

// -----

nn.parameter @x0 : tensor<4x6xf64> init #nn.init<ones>
nn.parameter @x1 : tensor<4x6xf64> init #nn.init<ones>
nn.scalar @lr : tensor<f64> = 0.1
nn.entry @loss outputs ["loss"] {
  %0 = nn.read @x0 : tensor<4x6xf64>
  %1 = nn.read @x1 : tensor<4x6xf64>
  // expected-error @+2 {{'nn.relu_grad' op has no gradient, but the loss depends on a parameter through it}}
  // expected-note @+1 {{hint: add NN_Gradient to the op in dialects/nn/NNOps.td}}
  %r = nn.relu_grad %0, %1 : (tensor<4x6xf64>, tensor<4x6xf64>) -> tensor<4x6xf64>
  %s = nn.square %r : (tensor<4x6xf64>) -> tensor<4x6xf64>
  %loss = nn.sum %s dims [0, 1] : (tensor<4x6xf64>) -> tensor<f64>
  nn.return %loss : tensor<f64>
}
nn.training @train of @loss optimizer #nn.sgd<lr = @lr>

// -----

nn.parameter @x0 : tensor<4x6xf64> init #nn.init<ones>
nn.parameter @x1 : tensor<4x6xf64> init #nn.init<ones>
nn.scalar @lr : tensor<f64> = 0.1
nn.entry @loss outputs ["loss"] {
  %0 = nn.read @x0 : tensor<4x6xf64>
  %1 = nn.read @x1 : tensor<4x6xf64>
  // expected-error @+2 {{'nn.gelu_grad' op has no gradient, but the loss depends on a parameter through it}}
  // expected-note @+1 {{hint: add NN_Gradient to the op in dialects/nn/NNOps.td}}
  %r = nn.gelu_grad %0, %1 {tanh} : (tensor<4x6xf64>, tensor<4x6xf64>) -> tensor<4x6xf64>
  %s = nn.square %r : (tensor<4x6xf64>) -> tensor<4x6xf64>
  %loss = nn.sum %s dims [0, 1] : (tensor<4x6xf64>) -> tensor<f64>
  nn.return %loss : tensor<f64>
}
nn.training @train of @loss optimizer #nn.sgd<lr = @lr>

// -----

nn.parameter @x0 : tensor<7x6xf64> init #nn.init<ones>
nn.parameter @x1 : tensor<7x6xf64> init #nn.init<ones>
nn.parameter @x2 : tensor<7xf64> init #nn.init<ones>
nn.scalar @lr : tensor<f64> = 0.1
nn.entry @loss outputs ["loss"] {
  %0 = nn.read @x0 : tensor<7x6xf64>
  %1 = nn.read @x1 : tensor<7x6xf64>
  %2 = nn.read @x2 : tensor<7xf64>
  // expected-error @+2 {{'nn.layer_normalize_grad' op has no gradient, but the loss depends on a parameter through it}}
  // expected-note @+1 {{hint: add NN_Gradient to the op in dialects/nn/NNOps.td}}
  %r = nn.layer_normalize_grad %0, %1, %2 : (tensor<7x6xf64>, tensor<7x6xf64>, tensor<7xf64>) -> tensor<7x6xf64>
  %s = nn.square %r : (tensor<7x6xf64>) -> tensor<7x6xf64>
  %loss = nn.sum %s dims [0, 1] : (tensor<7x6xf64>) -> tensor<f64>
  nn.return %loss : tensor<f64>
}
nn.training @train of @loss optimizer #nn.sgd<lr = @lr>

// -----

nn.parameter @x0 : tensor<7x6xf64> init #nn.init<ones>
nn.parameter @x1 : tensor<7x6xf64> init #nn.init<ones>
nn.parameter @x2 : tensor<7xf64> init #nn.init<ones>
nn.scalar @lr : tensor<f64> = 0.1
nn.entry @loss outputs ["loss"] {
  %0 = nn.read @x0 : tensor<7x6xf64>
  %1 = nn.read @x1 : tensor<7x6xf64>
  %2 = nn.read @x2 : tensor<7xf64>
  // expected-error @+2 {{'nn.rms_normalize_grad' op has no gradient, but the loss depends on a parameter through it}}
  // expected-note @+1 {{hint: add NN_Gradient to the op in dialects/nn/NNOps.td}}
  %r = nn.rms_normalize_grad %0, %1, %2 : (tensor<7x6xf64>, tensor<7x6xf64>, tensor<7xf64>) -> tensor<7x6xf64>
  %s = nn.square %r : (tensor<7x6xf64>) -> tensor<7x6xf64>
  %loss = nn.sum %s dims [0, 1] : (tensor<7x6xf64>) -> tensor<f64>
  nn.return %loss : tensor<f64>
}
nn.training @train of @loss optimizer #nn.sgd<lr = @lr>

// -----

nn.input @x0 : tensor<5xi32> dims [""]
nn.parameter @x1 : tensor<5x6xf64> init #nn.init<ones>
nn.parameter @x2 : tensor<10x6xf64> init #nn.init<ones>
nn.scalar @lr : tensor<f64> = 0.1
nn.entry @loss outputs ["loss"] {
  %0 = nn.read @x0 : tensor<5xi32>
  %1 = nn.read @x1 : tensor<5x6xf64>
  %2 = nn.read @x2 : tensor<10x6xf64>
  // expected-error @+2 {{'nn.embedding_grad' op has no gradient, but the loss depends on a parameter through it}}
  // expected-note @+1 {{hint: add NN_Gradient to the op in dialects/nn/NNOps.td}}
  %r = nn.embedding_grad %0, %1 like %2 : (tensor<5xi32>, tensor<5x6xf64>, tensor<10x6xf64>) -> tensor<10x6xf64>
  %s = nn.square %r : (tensor<10x6xf64>) -> tensor<10x6xf64>
  %loss = nn.sum %s dims [0, 1] : (tensor<10x6xf64>) -> tensor<f64>
  nn.return %loss : tensor<f64>
}
nn.training @train of @loss optimizer #nn.sgd<lr = @lr>

// -----

nn.parameter @x0 : tensor<5x10xf64> init #nn.init<ones>
nn.parameter @x1 : tensor<5xf64> init #nn.init<ones>
nn.input @x2 : tensor<5xi32> dims [""]
nn.parameter @x3 : tensor<5xf64> init #nn.init<ones>
nn.parameter @x4 : tensor<5xf64> init #nn.init<ones>
nn.parameter @x5 : tensor<5xf64> init #nn.init<ones>
nn.scalar @lr : tensor<f64> = 0.1
nn.entry @loss outputs ["loss"] {
  %0 = nn.read @x0 : tensor<5x10xf64>
  %1 = nn.read @x1 : tensor<5xf64>
  %2 = nn.read @x2 : tensor<5xi32>
  %3 = nn.read @x3 : tensor<5xf64>
  %4 = nn.read @x4 : tensor<5xf64>
  %5 = nn.read @x5 : tensor<5xf64>
  // expected-error @+2 {{'nn.ce_row_sums_grad' op has no gradient, but the loss depends on a parameter through it}}
  // expected-note @+1 {{hint: add NN_Gradient to the op in dialects/nn/NNOps.td}}
  %r = nn.ce_row_sums_grad %0, %1, %2, %3, %4 smoothing %5 {classes = 10 : i64} : (tensor<5x10xf64>, tensor<5xf64>, tensor<5xi32>, tensor<5xf64>, tensor<5xf64>, tensor<5xf64>) -> tensor<5x10xf64>
  %s = nn.square %r : (tensor<5x10xf64>) -> tensor<5x10xf64>
  %loss = nn.sum %s dims [0, 1] : (tensor<5x10xf64>) -> tensor<f64>
  nn.return %loss : tensor<f64>
}
nn.training @train of @loss optimizer #nn.sgd<lr = @lr>

// -----

nn.parameter @x0 : tensor<5xf64> init #nn.init<ones>
nn.parameter @x1 : tensor<5xf64> init #nn.init<ones>
nn.input @x2 : tensor<5xi32> dims [""]
nn.scalar @lr : tensor<f64> = 0.1
nn.entry @loss outputs ["loss"] {
  %0 = nn.read @x0 : tensor<5xf64>
  %1 = nn.read @x1 : tensor<5xf64>
  %2 = nn.read @x2 : tensor<5xi32>
  // expected-error @+2 {{'nn.ce_row_loss_grad' op has no gradient, but the loss depends on a parameter through it}}
  // expected-note @+1 {{hint: add NN_Gradient to the op in dialects/nn/NNOps.td}}
  %r:3 = nn.ce_row_loss_grad %0, %1, %2 {classes = 10 : i64, ignore_index = -1 : i64, label_smoothing = 0.1 : f64} : (tensor<5xf64>, tensor<5xf64>, tensor<5xi32>) -> (tensor<5xf64>, tensor<5xf64>, tensor<5xf64>)
  %s = nn.square %r#2 : (tensor<5xf64>) -> tensor<5xf64>
  %loss = nn.sum %s dims [0] : (tensor<5xf64>) -> tensor<f64>
  nn.return %loss : tensor<f64>
}
nn.training @train of @loss optimizer #nn.sgd<lr = @lr>

// -----

nn.parameter @x0 : tensor<f64> init #nn.init<ones>
nn.scalar @lr : tensor<f64> = 0.1
nn.entry @loss outputs ["loss"] {
  %0 = nn.read @x0 : tensor<f64>
  // expected-error @+2 {{'nn.clip_factor' op has no gradient, but the loss depends on a parameter through it}}
  // expected-note @+1 {{hint: add NN_Gradient to the op in dialects/nn/NNOps.td}}
  %r:2 = nn.clip_factor %0 {max_norm = 1.5 : f64} : (tensor<f64>) -> (tensor<f64>, tensor<f64>)
  %s = nn.square %r#1 : (tensor<f64>) -> tensor<f64>
  nn.return %s : tensor<f64>
}
nn.training @train of @loss optimizer #nn.sgd<lr = @lr>

// -----

nn.parameter @x0 : tensor<3x5xf64> init #nn.init<ones>
nn.parameter @x1 : tensor<3x5xf64> init #nn.init<ones>
nn.parameter @x2 : tensor<f64> init #nn.init<ones>
nn.input @x3 : tensor<i32> dims []
nn.scalar @lr : tensor<f64> = 0.1
nn.entry @loss outputs ["loss"] {
  %0 = nn.read @x0 : tensor<3x5xf64>
  %1 = nn.read @x1 : tensor<3x5xf64>
  %2 = nn.read @x2 : tensor<f64>
  %3 = nn.read @x3 : tensor<i32>
  // expected-error @+2 {{'nn.sgd' op has no gradient, but the loss depends on a parameter through it}}
  // expected-note @+1 {{hint: add NN_Gradient to the op in dialects/nn/NNOps.td}}
  %r = nn.sgd %0, %1, %2, %3 {momentum = 0.0 : f64, weight_decay = 0.1 : f64} : (tensor<3x5xf64>, tensor<3x5xf64>, tensor<f64>, tensor<i32>) -> tensor<3x5xf64>
  %s = nn.square %r : (tensor<3x5xf64>) -> tensor<3x5xf64>
  %loss = nn.sum %s dims [0, 1] : (tensor<3x5xf64>) -> tensor<f64>
  nn.return %loss : tensor<f64>
}
nn.training @train of @loss optimizer #nn.sgd<lr = @lr>

// -----

nn.parameter @x0 : tensor<3x5xf64> init #nn.init<ones>
nn.parameter @x1 : tensor<3x5xf64> init #nn.init<ones>
nn.parameter @x2 : tensor<3x5xf64> init #nn.init<ones>
nn.parameter @x3 : tensor<3x5xf64> init #nn.init<ones>
nn.parameter @x4 : tensor<f64> init #nn.init<ones>
nn.input @x5 : tensor<i32> dims []
nn.scalar @lr : tensor<f64> = 0.1
nn.entry @loss outputs ["loss"] {
  %0 = nn.read @x0 : tensor<3x5xf64>
  %1 = nn.read @x1 : tensor<3x5xf64>
  %2 = nn.read @x2 : tensor<3x5xf64>
  %3 = nn.read @x3 : tensor<3x5xf64>
  %4 = nn.read @x4 : tensor<f64>
  %5 = nn.read @x5 : tensor<i32>
  // expected-error @+2 {{'nn.adam' op has no gradient, but the loss depends on a parameter through it}}
  // expected-note @+1 {{hint: add NN_Gradient to the op in dialects/nn/NNOps.td}}
  %r:3 = nn.adam %0, %1, %2, %3, %4, %5 {beta1 = 0.9 : f64, beta2 = 0.95 : f64, eps = 1.0e-8 : f64, weight_decay = 0.1 : f64, decoupled = true} : (tensor<3x5xf64>, tensor<3x5xf64>, tensor<3x5xf64>, tensor<3x5xf64>, tensor<f64>, tensor<i32>) -> (tensor<3x5xf64>, tensor<3x5xf64>, tensor<3x5xf64>)
  %s = nn.square %r#2 : (tensor<3x5xf64>) -> tensor<3x5xf64>
  %loss = nn.sum %s dims [0, 1] : (tensor<3x5xf64>) -> tensor<f64>
  nn.return %loss : tensor<f64>
}
nn.training @train of @loss optimizer #nn.sgd<lr = @lr>
