#include "io/sim/node.h"

#include "core/base/assert.h"

namespace io::sim {

Node::Node(Universe& universe, Fabric& fabric, std::string_view name)
    : universe_(universe), fabric_(fabric), host_(universe, name), volume_(universe.decisions) {
  fabric_.add(host_);
  begin_incarnation();
}

Node::~Node() { end(); }

void Node::end() {
  if (is_up_) end_incarnation(false);
  program_.reset();
}

void Node::begin_incarnation() {
  host_.begin_incarnation(universe_.now);
  world_ = std::make_unique<World>(host_, fabric_, volume_, disk_faults_, observation_, wall_skew_, drift_ppm_);
  fabric_.start(host_, world_->life());
  is_up_ = true;
  if (factory_ != nullptr) host_.schedule(start_, universe_.now);
}

void Node::end_incarnation(bool is_power_loss) {
  ASSERT(!host_.is_in_turn());
  ASSERT(!host_.is_in_job());
  fabric_.crash(host_, universe_.now, is_power_loss);
  world_->die();
  is_up_ = false;
}

void Node::Start::fire() { node_.program_ = node_.factory_->start(node_); }

void Node::run(ProgramFactory& factory) {
  ASSERT(is_up_);
  ASSERT(factory_ == nullptr);
  factory_ = &factory;
  host_.schedule(start_, universe_.now);
}

CrashReport Node::crash(CrashKind kind, AsFault counts) {
  ASSERT(is_up_);
  CrashReport report;
  report.kind = kind;
  report.at = universe_.now;
  report.incarnation = host_.incarnation();
  report.running_jobs = running_jobs();
  const bool is_power_loss = kind == CrashKind::power_loss;
  end_incarnation(is_power_loss);
  program_.reset();
  report.damage = is_power_loss ? volume_.lose_power(universe_.now, disk_faults_) : volume_.kill(universe_.now);
  unseen_damage_ = report.damage;
  if (counts == AsFault::yes) universe_.counters.count(is_power_loss ? FaultKind::power_loss : FaultKind::process_kill);
  return report;
}

void Node::shut_down() {
  ASSERT(is_up_);
  program_.reset();
  end_incarnation(false);
  volume_.kill(universe_.now);
}

void Node::restart() {
  ASSERT(!is_up_);
  world_.reset();
  universe_.counters.count(FaultKind::disk_lost_sector, unseen_damage_.lost_sectors);
  universe_.counters.count(FaultKind::disk_torn_sector, unseen_damage_.torn_sectors);
  universe_.counters.count(FaultKind::disk_dropped_page, unseen_damage_.dropped_sectors);
  universe_.counters.count(FaultKind::disk_lost_size, unseen_damage_.lost_sizes);
  universe_.counters.count(FaultKind::disk_lost_name, unseen_damage_.lost_names);
  unseen_damage_ = {};
  begin_incarnation();
}

void Node::wipe_disk() {
  ASSERT(!is_up_);
  volume_.wipe();
  unseen_damage_ = {};
}

bool Node::rot(std::string_view path, std::uint64_t draw) {
  volume_.settle(universe_.now);
  const base::Result<std::shared_ptr<Inode>> file = volume_.find_file(path);
  if (!file || (*file)->size() == 0) return false;
  // A file that is written from its start again and again holds what matters in front: half of the bits go there.
  const std::uint64_t size = (*file)->size();
  const std::uint64_t front = (draw & 8U) != 0 ? std::max<std::uint64_t>(1, size / 8) : size;
  return rot_at(path, (draw >> 4U) % front, static_cast<unsigned>(draw & 7U));
}

bool Node::rot_at(std::string_view path, std::uint64_t offset, unsigned bit) {
  volume_.settle(universe_.now);
  const base::Result<std::shared_ptr<Inode>> file = volume_.find_file(path);
  if (!file || offset >= (*file)->size()) return false;
  (*file)->flip_bit(offset, bit);
  host_.count(FaultKind::disk_bit_rot);
  return true;
}

bool Node::misdirect_next(std::string_view path) {
  const base::Result<std::shared_ptr<Inode>> file = volume_.find_file(path);
  if (!file) return false;
  (*file)->set_misdirects_next(true);
  misdirecting_.push_back(*file);
  return true;
}

void Node::end_misdirections() {
  for (const std::weak_ptr<Inode>& one : misdirecting_) {
    if (const std::shared_ptr<Inode> file = one.lock()) file->set_misdirects_next(false);
  }
  misdirecting_.clear();
}

void Node::pause(base::Duration time) {
  ASSERT(is_up_);
  const VirtualTime until = universe_.now + time;
  if (host_.has_event() && host_.next_at() < until) host_.count(FaultKind::pause);
  host_.pause_until(until);
}

void Node::set_drift(std::int32_t ppm) {
  if (ppm != drift_ppm_) host_.count(FaultKind::clock_drift);
  drift_ppm_ = ppm;
  if (is_up_) world_->clock().set_drift(ppm);
}

void Node::jump_wall_clock(base::Duration by) {
  host_.count(FaultKind::clock_jump);
  wall_skew_ += by;
  if (is_up_) world_->clock().jump_wall(by);
}

std::optional<std::string> Node::durable_bytes(std::string_view path, std::uint64_t offset, std::uint64_t size) {
  return volume_.durable_bytes(universe_.now, path, offset, size);
}

bool Node::is_durable(std::string_view path) { return volume_.is_durable(universe_.now, path); }

bool Node::is_intact(std::string_view path, std::uint64_t offset, std::uint64_t size) {
  return volume_.is_intact(universe_.now, path, offset, size);
}

std::vector<FileStanding> Node::files() { return volume_.files(universe_.now); }

std::vector<std::string> Node::running_jobs() const { return world_->workers().running(universe_.now); }

}  // namespace io::sim
