//===- LauncherTest.cpp - What launchers say -------------------------------------------------===//

#include "runtime/cli/Launcher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

using namespace tpc;
using testing::HasSubstr;

namespace {

using Variables = std::map<std::string, std::string>;

Result<std::optional<RankPlace>> placeWith(const Variables &variables) {
  return placeOf([&](const char *name) -> std::optional<std::string> {
    auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional<std::string>(found->second);
  });
}

void expectPlace(const Variables &variables, int rank, int size, int localRank,
                 const std::string &host, uint16_t port) {
  auto place = placeWith(variables);
  ASSERT_TRUE(place.ok()) << place.status().message();
  ASSERT_TRUE(place->has_value());
  EXPECT_EQ((*place)->rank, rank);
  EXPECT_EQ((*place)->size, size);
  EXPECT_EQ((*place)->localRank, localRank);
  EXPECT_EQ((*place)->host, host);
  EXPECT_EQ((*place)->port, port);
}

void expectRefusal(const Variables &variables, const std::string &message) {
  auto place = placeWith(variables);
  ASSERT_FALSE(place.ok());
  EXPECT_EQ(place.status().code(), Code::Unavailable);
  EXPECT_THAT(place.status().message(), HasSubstr(message));
}

const Variables kTorch = {{"RANK", "3"},
                          {"WORLD_SIZE", "8"},
                          {"LOCAL_RANK", "1"},
                          {"MASTER_ADDR", "node1"},
                          {"MASTER_PORT", "29400"}};
const Variables kSlurm = {{"SLURM_PROCID", "2"},
                          {"SLURM_NTASKS", "4"},
                          {"SLURM_LOCALID", "0"},
                          {"SLURM_JOB_NODELIST", "gpu[03,07-09],login1"},
                          {"SLURM_JOB_ID", "12345"}};
const Variables kMpi = {{"OMPI_COMM_WORLD_RANK", "1"},
                        {"OMPI_COMM_WORLD_SIZE", "2"},
                        {"OMPI_COMM_WORLD_LOCAL_RANK", "1"},
                        {"MASTER_ADDR", "10.0.0.1"},
                        {"MASTER_PORT", "7000"}};

Variables with(Variables variables, const Variables &more) {
  for (const auto &[name, value] : more)
    variables[name] = value;
  return variables;
}
Variables without(Variables variables, const std::string &name) {
  variables.erase(name);
  return variables;
}

} // namespace

TEST(Launcher, NoneIsNoError) {
  auto place = placeWith({});
  ASSERT_TRUE(place.ok());
  EXPECT_FALSE(place->has_value());
  // A batch script of Slurm is no task; an address alone names no rank.
  EXPECT_FALSE(placeWith({{"SLURM_NTASKS", "4"}, {"MASTER_ADDR", "a"}})->has_value());
}

TEST(Launcher, Torchrun) {
  expectPlace(kTorch, 3, 8, 1, "node1", 29400);
  expectPlace(with(kTorch, {{"TORCHELASTIC_USE_AGENT_STORE", "True"}}), 3, 8, 1, "node1", 29401);
  for (const char *name : {"RANK", "WORLD_SIZE"})
    expectRefusal(without(kTorch, name), std::string("no ") + name);
  for (const char *name : {"MASTER_ADDR", "MASTER_PORT"})
    expectRefusal(without(kTorch, name), "where rank 0 is");
  expectRefusal(with(kTorch, {{"RANK", "8"}}), "RANK 8, which does not exist");
  expectRefusal(with(kTorch, {{"RANK", "x"}}), "RANK 'x'");
  expectRefusal(with(kTorch, {{"WORLD_SIZE", "0"}}), "WORLD_SIZE '0'");
  expectRefusal(with(kTorch, {{"MASTER_PORT", "70000"}}), "MASTER_PORT '70000'");
  expectRefusal(with(kTorch, {{"LOCAL_RANK", "8"}}), "LOCAL_RANK '8'");
}

TEST(Launcher, Slurm) {
  expectPlace(kSlurm, 2, 4, 0, "gpu03", 22345);
  expectPlace(with(kSlurm, {{"SLURM_STEP_NODELIST", "a1"}, {"MASTER_PORT", "9"}}), 2, 4, 0, "a1",
              9);
  expectPlace(with(kSlurm, {{"MASTER_ADDR", "b"}}), 2, 4, 0, "b", 22345);
  // srun speaks PMI, too, and then says the same.
  expectPlace(with(kSlurm, {{"PMI_RANK", "2"}, {"PMI_SIZE", "4"}}), 2, 4, 0, "gpu03", 22345);
  expectRefusal(without(kSlurm, "SLURM_NTASKS"), "no SLURM_NTASKS");
  expectRefusal(without(kSlurm, "SLURM_JOB_NODELIST"), "where rank 0 is");
  expectRefusal(with(kSlurm, {{"SLURM_JOB_NODELIST", "a["}}), "is not understood");
}

TEST(Launcher, Mpirun) {
  expectPlace(kMpi, 1, 2, 1, "10.0.0.1", 7000);
  expectPlace(without(kMpi, "MASTER_PORT"), 1, 2, 1, "10.0.0.1", 29500);
  expectRefusal(without(kMpi, "MASTER_ADDR"), "MASTER_ADDR is not set");
  expectRefusal(without(kMpi, "OMPI_COMM_WORLD_SIZE"), "no OMPI_COMM_WORLD_SIZE");
  expectPlace({{"PMI_RANK", "0"}, {"PMI_SIZE", "2"}, {"MASTER_ADDR", "h"}}, 0, 2, 0, "h", 29500);
  // Inside a Slurm job, whose batch step all of them inherit.
  expectPlace(with(kMpi, {{"SLURM_PROCID", "0"}, {"SLURM_NTASKS", "2"}}), 1, 2, 1, "10.0.0.1",
              7000);
  expectPlace(with(kSlurm, {{"PMI_RANK", "3"}, {"PMI_SIZE", "4"}, {"MASTER_ADDR", "h"}}), 3, 4, 0,
              "h", 29500);
}

TEST(Launcher, FirstHosts) {
  EXPECT_EQ(*firstHost("node1"), "node1");
  EXPECT_EQ(*firstHost("node1,node2"), "node1");
  EXPECT_EQ(*firstHost("node[01-04]"), "node01");
  EXPECT_EQ(*firstHost("rack[2,5]n[07-09]-ib,other"), "rack2n07-ib");
  for (const char *wrong : {"", ",a", "[", "a[", "a[]", "a[3"})
    EXPECT_FALSE(firstHost(wrong).ok()) << wrong;
}
