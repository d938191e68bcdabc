// RUN: tpc-opt %s --tpc-expand-composites --tpc-build-training -split-input-file -verify-diagnostics

nn.scalar @lr : tensor<f32> = 0.01
nn.parameter @w : tensor<3xf32> init #nn.init<ones>
// expected-note @+1 {{use every parameter in the loss, or remove its declaration}}
nn.parameter @lost : tensor<3xf32> init #nn.init<ones>
nn.parameter @unread : tensor<3xf32> init #nn.init<ones>
nn.entry @loss outputs ["loss", "other"] {
  %w = nn.read @w : tensor<3xf32>
  %lost = nn.read @lost : tensor<3xf32>
  %loss = nn.sum %w dims [0] : (tensor<3xf32>) -> tensor<f32>
  nn.return %loss, %lost : tensor<f32>, tensor<3xf32>
}
// expected-error @+1 {{trains @loss, whose loss does not depend on @lost, @unread}}
nn.training @train of @loss optimizer #nn.sgd<lr = @lr>

// -----

nn.scalar @lr : tensor<f32> = 0.01
nn.parameter @w : tensor<3xf32> init #nn.init<ones>
nn.entry @loss outputs ["loss"] {
  %w = nn.read @w : tensor<3xf32>
  // expected-error @+2 {{has no gradient, but the loss depends on a parameter through it}}
  // expected-note @+1 {{add NN_Gradient to the op in dialects/nn/NNOps.td and write its buildGradient}}
  %y = nn.gelu_grad %w, %w : (tensor<3xf32>, tensor<3xf32>) -> tensor<3xf32>
  %loss = nn.sum %y dims [0] : (tensor<3xf32>) -> tensor<f32>
  nn.return %loss : tensor<f32>
}
nn.training @train of @loss optimizer #nn.sgd<lr = @lr>

// -----

nn.scalar @lr : tensor<f32> = 0.01
nn.parameter @w : tensor<3xf32> init #nn.init<ones>
nn.entry @loss outputs ["w"] {
  %w = nn.read @w : tensor<3xf32>
  nn.return %w : tensor<3xf32>
}
// expected-error @+1 {{trains @loss, whose first output is no loss: it must be a 0-d float tensor}}
nn.training @train of @loss optimizer #nn.sgd<lr = @lr>

// -----

nn.scalar @lr : tensor<f32> = 0.01
nn.parameter @w : tensor<3xf32> init #nn.init<ones>
nn.entry @loss outputs ["loss"] {
  %w = nn.read @w : tensor<3xf32>
  %loss = nn.sum %w dims [0] : (tensor<3xf32>) -> tensor<f32>
  nn.return %loss : tensor<f32>
}
// expected-error @+1 {{has a group "*.bias" that matches no parameter}}
nn.training @train of @loss optimizer #nn.sgd<lr = @lr> groups [#nn.group<"*.bias", weight_decay = 0.0 : f64>]

// -----

nn.parameter @w : tensor<f32> init #nn.init<ones>
nn.entry @loss outputs ["loss"] {
  %w = nn.read @w : tensor<f32>
  nn.return %w : tensor<f32>
}
// expected-error @+1 {{takes the learning rate @lr, which is no nn.scalar; declare it, e.g. nn.scalar @lr : tensor<f32> = 0.001}}
nn.training @train of @loss optimizer #nn.sgd<lr = @lr>

// -----

nn.scalar @lr : tensor<f32> = 0.01
nn.parameter @w : tensor<f32> init #nn.init<ones>
// expected-error @+1 {{trains @loss, which is no nn.entry of the module}}
nn.training @train of @loss optimizer #nn.sgd<lr = @lr>

// -----

nn.scalar @lr : tensor<f32> = 0.01
nn.entry @loss outputs ["loss"] {
  %lr = nn.read @lr : tensor<f32>
  nn.return %lr : tensor<f32>
}
// expected-error @+1 {{has no parameter to train; declare one by nn.parameter}}
nn.training @train of @loss optimizer #nn.sgd<lr = @lr>

// -----

nn.scalar @lr : tensor<f32> = 0.01
nn.parameter @w : tensor<3xf32> init #nn.init<ones>
// expected-note @+1 {{hint: give that output another name}}
nn.entry @loss outputs ["loss", "grad_norm"] {
  %w = nn.read @w : tensor<3xf32>
  %loss = nn.sum %w dims [0] : (tensor<3xf32>) -> tensor<f32>
  nn.return %loss, %loss : tensor<f32>, tensor<f32>
}
// expected-error @+1 {{returns the gradient's norm as "grad_norm", but @loss has another output of that name}}
nn.training @train of @loss optimizer #nn.sgd<lr = @lr> clip_norm 1.0

// -----

nn.scalar @lr : tensor<f32> = 0.01
nn.parameter @w : tensor<3xf32> init #nn.init<ones>
// expected-note @+1 {{hint: give that output another name}}
nn.entry @sum outputs ["total", "loss"] {
  %w = nn.read @w : tensor<3xf32>
  %loss = nn.sum %w dims [0] : (tensor<3xf32>) -> tensor<f32>
  nn.return %loss, %loss : tensor<f32>, tensor<f32>
}
// expected-error @+1 {{returns the loss as "loss", but @sum has another output of that name}}
nn.training @train of @sum optimizer #nn.sgd<lr = @lr>
