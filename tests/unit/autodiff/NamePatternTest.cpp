//===- NamePatternTest.cpp - Patterns of names ------------------------------------------------===//
#include "compiler/support/NamePattern.h"

#include "gtest/gtest.h"

using tpc::matchesPattern;

TEST(NamePattern, WithoutStarIsTheName) {
  EXPECT_TRUE(matchesPattern("h.0.fc", "h.0.fc"));
  EXPECT_FALSE(matchesPattern("h.0.fc", "h.0.fc.bias"));
  EXPECT_FALSE(matchesPattern("h.0.fc", "h.0"));
  EXPECT_FALSE(matchesPattern("h.0", "hx0"));
  EXPECT_TRUE(matchesPattern("", ""));
  EXPECT_FALSE(matchesPattern("", "a"));
}

TEST(NamePattern, StarIsAnyRunOfCharacters) {
  EXPECT_TRUE(matchesPattern("*", ""));
  EXPECT_TRUE(matchesPattern("*", "h.0.fc"));
  EXPECT_TRUE(matchesPattern("*.bias", "h.0.fc.bias"));
  EXPECT_FALSE(matchesPattern("*.bias", "h.0.fc.bias.m"));
  EXPECT_TRUE(matchesPattern("h.*.fc", "h.11.fc"));
  EXPECT_TRUE(matchesPattern("h.*.fc", "h.1.mlp.fc"));
  EXPECT_FALSE(matchesPattern("h.*.fc", "h.fc"));
  EXPECT_TRUE(matchesPattern("a*b*c", "abbc"));
  EXPECT_FALSE(matchesPattern("a*b*c", "acb"));
  EXPECT_TRUE(matchesPattern("**", "x"));
}
