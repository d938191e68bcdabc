// RUN: tpc-opt %s -allow-unregistered-dialect -split-input-file -verify-diagnostics

// constraint: axis names differ
// expected-error @+1 {{names axis "tp" twice}}
tp.mesh @mesh ["tp" = 2, "tp" = 2]

// -----

// constraint: an axis has at least one rank
// expected-error @+1 {{gives axis "tp" the size 0; an axis has at least one rank}}
tp.mesh @mesh ["tp" = 0]

// -----

// constraint: it stands in the module itself
module {
  "test.region"() ({
    // expected-error @+1 {{stands in the module itself}}
    tp.mesh @mesh ["tp" = 2]
  }) : () -> ()
}

// -----

// constraint: a module has one mesh
tp.mesh @mesh ["tp" = 2]
// expected-error @+1 {{is a second mesh; a module has one}}
tp.mesh @other ["tp" = 2]
