package io.ltri.index.store;

import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Real bytes on the disk, by document and by tenant, and the limits that they are held to. Bytes
 * are counted in blocks of {@value #BLOCK_BYTES}, as a file system gives them out; a folder counts
 * as one. They are charged before they are written and given back when they were freed.
 *
 * <p>An account has the name of a document's folder. Any thread.
 */
final class Accounts {

  static final int BLOCK_BYTES = 4096;

  /** Tries to free so many bytes of the scope that is short of them; says whether it freed any. */
  interface Room {
    boolean make(Shortage shortage);
  }

  /**
   * Why bytes are refused.
   *
   * @param tenant whose limit it is; null: the node's
   * @param evictable whether removing documents of the scope would help
   */
  record Shortage(@Nullable String tenant, long missing, boolean evictable, String message) {}

  private static final class Account {
    private final String tenant;
    private long bytes;
    private long lastWriteMillis;
    private boolean orphan;

    Account(String tenant) {
      this.tenant = tenant;
    }
  }

  private final LifeSettings limits;
  private final LongSupplier usableBytes;
  private final LongSupplier clock;
  private final ReentrantLock turn = new ReentrantLock();
  private final Map<String, Account> accounts = new HashMap<>();
  private final Map<String, Long> tenants = new HashMap<>();
  private long total;
  private volatile Room room = shortage -> false;

  /**
   * @param usableBytes what the disk has left for this process
   */
  Accounts(LifeSettings limits, LongSupplier usableBytes, LongSupplier clock) {
    this.limits = limits;
    this.usableBytes = usableBytes;
    this.clock = clock;
  }

  void setRoom(Room maker) {
    room = maker;
  }

  /** Opens an account, or gives the one of this name to this tenant with all that is on it. */
  void open(String name, String tenant) {
    turn.lock();
    try {
      Account before = accounts.get(name);
      if (before != null && before.tenant.equals(tenant)) {
        return;
      }
      Account account = new Account(tenant);
      accounts.put(name, account);
      if (before != null) {
        account.lastWriteMillis = before.lastWriteMillis;
        long bytes = before.bytes;
        count(before, -bytes);
        count(account, bytes);
      }
      if (account.lastWriteMillis == 0) {
        account.lastWriteMillis = clock.getAsLong();
      }
    } finally {
      turn.unlock();
    }
  }

  /** What is still on it, or comes onto it, belongs to nothing. */
  void abandon(String name) {
    turn.lock();
    try {
      Account account = accounts.get(name);
      if (account != null) {
        account.orphan = true;
        closeWhenEmpty(name, account);
      }
    } finally {
      turn.unlock();
    }
  }

  /** Whether nothing is known of it, or it was abandoned. */
  boolean isOrphan(String name) {
    turn.lock();
    try {
      Account account = accounts.get(name);
      return account == null || account.orphan;
    } finally {
      turn.unlock();
    }
  }

  /** Adds what was found at the start. */
  void found(String name, long bytes, long lastWriteMillis) {
    turn.lock();
    try {
      Account account = accounts.computeIfAbsent(name, unknown -> new Account(""));
      account.lastWriteMillis = Math.max(account.lastWriteMillis, lastWriteMillis);
      count(account, bytes);
    } finally {
      turn.unlock();
    }
  }

  /**
   * Charges bytes that are about to be written.
   *
   * @throws RefusedWriteException when they would exceed a limit and no room can be made
   */
  void charge(String name, long bytes) throws RefusedWriteException {
    while (true) {
      Shortage shortage;
      turn.lock();
      try {
        shortage = shortage(name, bytes);
        if (shortage == null) {
          chargeAnyway(name, bytes);
          return;
        }
      } finally {
        turn.unlock();
      }
      // Not within the turn: making room takes turns of its own.
      makeRoom(shortage);
    }
  }

  /**
   * As {@link #charge}, but charges nothing: for bytes that many writes will need together.
   *
   * @param surely so many of them will be charged; {@code bytes} are asked for when these are not
   *     to be had
   */
  void require(String name, long surely, long bytes) throws RefusedWriteException {
    while (true) {
      Shortage shortage;
      turn.lock();
      try {
        shortage = shortage(name, surely) == null ? null : shortage(name, bytes);
      } finally {
        turn.unlock();
      }
      if (shortage == null) {
        return;
      }
      makeRoom(shortage);
    }
  }

  private void makeRoom(Shortage shortage) throws RefusedWriteException {
    if (!shortage.evictable || !room.make(shortage)) {
      throw new RefusedWriteException(shortage.message);
    }
  }

  /** Charges bytes that must be written whatever the limits: the few that say what there is. */
  void chargeAnyway(String name, long bytes) {
    turn.lock();
    try {
      Account account = accounts.computeIfAbsent(name, unknown -> new Account(""));
      account.lastWriteMillis = clock.getAsLong();
      count(account, bytes);
    } finally {
      turn.unlock();
    }
  }

  void release(String name, long bytes) {
    turn.lock();
    try {
      Account account = accounts.get(name);
      if (account != null) {
        count(account, -Math.min(bytes, account.bytes));
        closeWhenEmpty(name, account);
      }
    } finally {
      turn.unlock();
    }
  }

  /** Files were moved to a folder of another name: their bytes and their tenant go with them. */
  void move(String from, String to, long bytes) {
    turn.lock();
    try {
      Account source = accounts.get(from);
      if (source != null) {
        Account target = accounts.get(to);
        if (target == null || target.bytes == 0) {
          target = new Account(source.tenant);
          accounts.put(to, target);
        }
        target.lastWriteMillis = Math.max(target.lastWriteMillis, source.lastWriteMillis);
        long moved = Math.min(bytes, source.bytes);
        count(source, -moved);
        count(target, moved);
        closeWhenEmpty(from, source);
      }
    } finally {
      turn.unlock();
    }
  }

  private void count(Account account, long bytes) {
    account.bytes += bytes;
    total += bytes;
    tenants.merge(account.tenant, bytes, Accounts::sumOrNothing);
  }

  private static @Nullable Long sumOrNothing(Long one, Long other) {
    long sum = one + other;
    return sum == 0 ? null : sum;
  }

  private void closeWhenEmpty(String name, Account account) {
    if (account.bytes == 0) {
      accounts.remove(name);
    }
  }

  private @Nullable Shortage shortage(String name, long bytes) {
    Account account = accounts.get(name);
    String tenant = account == null ? "" : account.tenant;
    long limit = limits.limitOf(tenant);
    long held = tenants.getOrDefault(tenant, 0L);
    if (limit > 0 && held + bytes > limit) {
      String whose = tenant.isEmpty() ? "documents of no tenant" : "tenant " + tenant;
      return new Shortage(
          tenant,
          held + bytes - limit,
          bytes <= limit,
          "%d bytes are missing: %s may hold %d bytes, holds %d and needs %d more. Delete or unpin documents, or raise LTRI_INDEX_TENANTQUOTA"
              .formatted(held + bytes - limit, whose, limit, held, bytes));
    }
    if (limits.nodeBytes() > 0 && total + bytes > limits.nodeBytes()) {
      return new Shortage(
          null,
          total + bytes - limits.nodeBytes(),
          bytes <= limits.nodeBytes(),
          "%d bytes are missing: the node may hold %d bytes, holds %d and needs %d more. Delete or unpin documents, or raise LTRI_INDEX_QUOTA"
              .formatted(total + bytes - limits.nodeBytes(), limits.nodeBytes(), total, bytes));
    }
    long usable = usableBytes.getAsLong();
    if (usable - bytes < limits.reserveBytes()) {
      return new Shortage(
          null,
          limits.reserveBytes() + bytes - usable,
          false,
          "%d bytes are missing: the disk has %d bytes left, of which %d are kept in reserve (LTRI_INDEX_RESERVE), and %d are needed. Free some room"
              .formatted(
                  limits.reserveBytes() + bytes - usable, usable, limits.reserveBytes(), bytes));
    }
    return null;
  }

  long bytesOf(String name) {
    turn.lock();
    try {
      Account account = accounts.get(name);
      return account == null ? 0 : account.bytes;
    } finally {
      turn.unlock();
    }
  }

  /** When a file of it was last written, 0 when nothing is known of it. */
  long lastWriteMillis(String name) {
    turn.lock();
    try {
      Account account = accounts.get(name);
      return account == null ? 0 : account.lastWriteMillis;
    } finally {
      turn.unlock();
    }
  }

  long bytesOfTenant(String tenant) {
    turn.lock();
    try {
      return tenants.getOrDefault(tenant, 0L);
    } finally {
      turn.unlock();
    }
  }

  long total() {
    turn.lock();
    try {
      return total;
    } finally {
      turn.unlock();
    }
  }

  /** What may still be written within the node's limit and the disk. */
  long free() {
    turn.lock();
    try {
      long disk = usableBytes.getAsLong() - limits.reserveBytes();
      long quota = limits.nodeBytes() == 0 ? Long.MAX_VALUE : limits.nodeBytes() - total;
      return Math.max(0, Math.min(disk, quota));
    } finally {
      turn.unlock();
    }
  }
}
