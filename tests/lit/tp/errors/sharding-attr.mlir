// RUN: tpc-opt %s -allow-unregistered-dialect -split-input-file -verify-diagnostics

// constraint: the rank is that of the tensor
// expected-error @+1 {{the sharding has 1 dims, the tensor 2}}
%x = "test.value"() : () -> tensor<8x4xf32, #tp.sharding<@mesh, [{}]>>

// -----

// constraint: the logical sizes of a dim's factors multiply to its extent; padded sizes are not smaller
// expected-error @+1 {{the factors of dim 0 have the size 24 together, the dim has 8}}
%x = "test.value"() : () -> tensor<8xf32, #tp.sharding<@mesh, [{12, 2 "tp"}]>>

// -----

// constraint: the logical sizes of a dim's factors multiply to its extent; padded sizes are not smaller
// expected-error @+1 {{dim 0: the padded size 6 is less than the logical size 8}}
%x = "test.value"() : () -> tensor<8xf32, #tp.sharding<@mesh, [{8:6 "tp"}]>>

// -----

// constraint: the logical sizes of a dim's factors multiply to its extent; padded sizes are not smaller
// expected-error @+1 {{the size of a factor is positive}}
%x = "test.value"() : () -> tensor<8xf32, #tp.sharding<@mesh, [{0 "tp"}]>>

// -----

// constraint: several factors have sizes; a single one that is not padded has none (one form for each meaning)
// expected-error @+1 {{dim 0 has several factors; each needs its size}}
%x = "test.value"() : () -> tensor<8xf32, #tp.sharding<@mesh, [{"tp", 4}]>>

// -----

// constraint: several factors have sizes; a single one that is not padded has none (one form for each meaning)
// expected-error @+1 {{dim 0 has one factor that is not padded; it is written without a size}}
%x = "test.value"() : () -> tensor<8xf32, #tp.sharding<@mesh, [{8 "tp"}]>>

// -----

// constraint: no axis is used twice
// expected-error @+1 {{axis "tp" is used twice; a value has one placement on it}}
%x = "test.value"() : () -> tensor<8x8xf32, #tp.sharding<@mesh, [{"tp"}, {"tp"}]>>

// -----

// constraint: no axis is used twice
// expected-error @+1 {{axis "tp" is used twice; a value has one placement on it}}
%x = "test.value"() : () -> tensor<8xf32, #tp.sharding<@mesh, [{"tp"}], partial = {"tp"}>>
