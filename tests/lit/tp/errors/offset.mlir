// RUN: tpc-opt %s -allow-unregistered-dialect -split-input-file -verify-diagnostics

// constraint: the extent is positive
// expected-error @+1 {{has the extent 0, which is not positive}}
%o = tp.offset 0

// -----

// constraint: the mesh has the axis
tp.mesh @mesh ["tp" = 2]
// expected-error @+1 {{names axis "dp", which the mesh lacks}}
%o = tp.offset 4 on "dp"
