------------------------------ MODULE Cutover ------------------------------
(* Who may write, and when a side may be left.

   Side A is one database, "s"; side B is one database a shard. A write goes to
   one row of one shard's key range; its number is the row's new value, so "the
   last acknowledged write is there" is a comparison of two numbers.

   What is taken as given, because the engine gives it: a transaction that read
   the fence row FOR SHARE holds it until it ends; an UPDATE of the row waits for
   that; a step written here as one action is one transaction on ONE database.
   What is not given: that a process knows the present. Coordinators act on a
   register they read earlier (seen), writers on any cached route, workers and
   mirrors on any epoch they once believed in, and all of them may stop for ever
   between any two steps. Nothing here locks two databases at once.

   Bug plants one mistake; "none" is the protocol. Every mistake violates the
   invariant that the test names for it.                                       *)
EXTENDS Integers, Sequences, FiniteSets, TLC
CONSTANTS Shards,        \* databases of side B, each with its own key range
          Writers,       \* concurrent units of work
          Coords,        \* processes that may carry a switch on
          MaxWrites, MaxEpoch,
          MirrorWrites,  \* are committed writes mirrored as well as streamed
          Redeliveries,  \* may an applied event come again
          Failovers,     \* may "s" be replaced by a server that missed its last fence update
          Bug

Bugs == {"none",
  \* the unit of work
  "bypass",               \* a writer that does not ask the fence
  "checkNoLock",          \* asks without FOR SHARE
  "unitOutlivesDeadlock", \* goes on after 1213, whose rollback released the fence; no last read before COMMIT
  \* the applier and the mirror
  "zombieApplier",        \* does not ask the target's fence
  "openCheckOnly",        \* asks only that the target is not open: writes under "closing" too
  "noStreamStart",        \* goes on from whatever position it finds, not from the start of its epoch
  "positionFromNow",      \* begins at "now" instead of at the recorded start
  "startOfThisEpochOnly", \* after an abort waits for a start that nobody records
  "freshStartAfterAbort", \* after an abort records a new start and jumps to it
  "ownerIgnored",         \* a worker that was superseded still writes the batch in its hands
  "mirrorFenceOnly",      \* a mirror that does not ask whether the stream has passed it
  "mirrorPositionOnly",   \* a mirror that does not ask the fence
  "mirrorUnguarded",      \* a mirror that asks nothing
  \* the switch
  "naiveClose",           \* closes what is open, whatever its epoch
  "posBeforeClose",       \* marker written before the close
  "gtidRace",             \* drains to gtid_executed instead of to a marker
  "stalePos",             \* counts a marker of an older epoch
  "openBeforeClose",      \* decides while the side being left is still open
  "noDecision",           \* commit and abort may follow each other
  "decideUnread",         \* decides by a register it read earlier: no compare-and-set
  "openUnconditionally",  \* opens by memory, without looking at the fence's epoch
  "startAfterOpen",       \* records where the way back begins after opening
  "handoverKept",         \* counts a hand-over made for an older epoch
  "handoverUnkeyed",      \* writes a hand-over whatever the fence and the newer one there say
  "abortKeepsTo",         \* abort does not raise the epoch of the side not entered
  "abortLeavesUnclosed",  \* abort opens only what it finds closing
  "failoverLosesClose"}   \* the fence row is believed on whatever server it is found
ASSUME Bug \in Bugs

S == "s"
DBs == {S} \cup Shards
Db(side, k)  == IF side = "A" THEN S ELSE k
Side(side)   == IF side = "A" THEN {S} ELSE Shards
Other(side)  == IF side = "A" THEN "B" ELSE "A"
SideOf(d)    == IF d = S THEN "A" ELSE "B"
KeysOf(d)    == IF d = S THEN Shards ELSE {d}

RECURSIVE Sum(_, _), Marked(_, _)
Sum(f, ks) == IF ks = {} THEN 0 ELSE LET k == CHOOSE k \in ks : TRUE IN Len(f[k]) + Sum(f, ks \ {k})
Marked(m, ks) == IF ks = {} THEN 0 ELSE LET k == CHOOSE k \in ks : TRUE IN m[k].n + Marked(m, ks \ {k})

VARIABLES
  fence,  \* [DB -> [e, role]]            cutover_fence; role: primary (application), closing (nobody), replica (applier, mirrors)
  start,  \* [side -> [key -> [e, n]]]    cutover_start: events 1..n are before the stream out of this database
  pos,    \* [side -> [key -> [e, n]]]    cutover_position, kept on the OTHER side: events 1..n of the stream out of side are there
  log,    \* [side -> [key -> Seq(write)]] binlog: writes of the application; the applier's own transactions are known and skipped
  val,    \* [side -> [key -> write]]     the rows
  last,   \* [key -> write]               the last acknowledged write: what no open database may be without
  next,   \* writes begun so far
  w,      \* [writer -> unit of work]
  air,    \* mirrors on their way: each may arrive at any time or never
  hand,   \* [DB -> [e, n]]               hand-over on the side being entered: a figure computed from n writes of the side being left
  ctl,    \* the register [side, e, phase, dec]
  seen,   \* [coord -> the register as this process last read it]
  mark,   \* [coord -> [key -> [e, n]]]   the marker this process wrote: ends the drain when its position holds n
  found,  \* [coord -> epoch]             this process found the closed side drained; true then, perhaps not now
  redel,  \* an already applied event has come again (at-least-once delivery; once is enough)
  stale,  \* some unit committed without a fence that admitted it
  fo,     \* "s" runs on a server its fence row does not name
  vis,    \* gtid_executed, which trails the commits: only the planted bug reads it
  late    \* a batch in the hands of a superseded worker: only the planted bug may write it
vars == <<fence, start, pos, log, val, last, next, w, air, hand, ctl, seen, mark, found, redel, stale, fo, vis, late>>

Never  == [e |-> -1, n |-> 0]                 \* no such row
Idle   == [id |-> 0]
NoLate == [id |-> 0]
Sides  == {"A", "B"}

Init ==
  /\ fence = [d \in DBs |-> [e |-> 0, role |-> IF d = S THEN "primary" ELSE "replica"]]
  /\ start = [x \in Sides |-> [k \in Shards |-> IF x = "A" THEN [e |-> 0, n |-> 0] ELSE Never]]
  /\ pos   = [x \in Sides |-> [k \in Shards |-> IF x = "A" THEN [e |-> 0, n |-> 0] ELSE Never]]
  /\ log   = [x \in Sides |-> [k \in Shards |-> <<>>]]
  /\ val   = [x \in Sides |-> [k \in Shards |-> 0]]
  /\ last  = [k \in Shards |-> 0]
  /\ next = 0 /\ air = {} /\ redel = FALSE /\ stale = FALSE /\ fo = FALSE /\ late = NoLate
  /\ w     = [x \in Writers |-> Idle]
  /\ hand  = [d \in DBs |-> Never]
  /\ ctl   = [side |-> "A", e |-> 0, phase |-> "stable", dec |-> "none"]
  /\ seen  = [c \in Coords |-> ctl]
  /\ mark  = [c \in Coords |-> [k \in Shards |-> Never]]
  /\ found = [c \in Coords |-> 0]
  /\ vis   = [x \in Sides |-> [k \in Shards |-> 0]]

(* server_uuid = @@server_uuid is part of every statement on a fence or a position *)
SameServer(d) == ~fo \/ d # S \/ Bug = "failoverLosesClose"
Admits(d, role) == SameServer(d) /\ fence[d].role = role
Primary(d) == Admits(d, "primary")

(* ------------------------------ units of work ------------------------------ *)
InUnit(x) == w[x].id # 0
UnitDb(x) == Db(w[x].side, w[x].k)
Held(d) == \E x \in Writers : InUnit(x) /\ w[x].lock /\ UnitDb(x) = d   \* the fence row is held FOR SHARE

(* The route is any (side, epoch) cached at any time: whatever equals the fence admits. *)
Begin(x, side, k) ==
  /\ ~InUnit(x) /\ next < MaxWrites
  /\ Bug = "bypass" \/ Primary(Db(side, k))
  /\ next' = next + 1
  /\ w' = [w EXCEPT ![x] = [id |-> next + 1, side |-> side, k |-> k, e |-> fence[Db(side, k)].e,
                            lock |-> Bug \notin {"checkNoLock", "bypass"}]]
  /\ UNCHANGED <<fence, start, pos, log, val, last, air, hand, ctl, seen, mark, found, redel, stale, fo, vis, late>>
Commit(x) ==
  /\ InUnit(x)
  /\ LET u == w[x]  d == UnitDb(x) IN
     /\ val'  = [val EXCEPT ![u.side][u.k] = u.id]
     /\ log'  = [log EXCEPT ![u.side][u.k] = Append(@, u.id)]
     /\ last' = [last EXCEPT ![u.k] = u.id]
     /\ stale' = (stale \/ ~Primary(d) \/ fence[d].e # u.e)
     /\ air'  = IF MirrorWrites
                THEN air \cup {[id |-> u.id, side |-> u.side, k |-> u.k, e |-> u.e, n |-> Len(log[u.side][u.k]) + 1]}
                ELSE air
  /\ w' = [w EXCEPT ![x] = Idle]
  /\ UNCHANGED <<fence, start, pos, next, hand, ctl, seen, mark, found, redel, fo, vis, late>>
Rollback(x) ==     \* also: killed by 1213, 1205, class 08 or 40
  /\ InUnit(x) /\ w' = [w EXCEPT ![x] = Idle]
  /\ UNCHANGED <<fence, start, pos, log, val, last, next, air, hand, ctl, seen, mark, found, redel, stale, fo, vis, late>>
Deadlock(x) ==
  /\ Bug = "unitOutlivesDeadlock" /\ InUnit(x) /\ w[x].lock
  /\ w' = [w EXCEPT ![x].lock = FALSE]
  /\ UNCHANGED <<fence, start, pos, log, val, last, next, air, hand, ctl, seen, mark, found, redel, stale, fo, vis, late>>
Publish(side, k) ==
  /\ Bug = "gtidRace" /\ vis[side][k] < Len(log[side][k])
  /\ vis' = [vis EXCEPT ![side][k] = @ + 1]
  /\ UNCHANGED <<fence, start, pos, log, val, last, next, w, air, hand, ctl, seen, mark, found, redel, stale, fo, late>>

(* ------------------------------ stream ------------------------------
   A worker may believe in any epoch, but writes only under a fence that says
   (replica, that epoch): so the fence's own epoch is the worker's.            *)
Target(side, k) == Db(Other(side), k)
AppliesTo(side, k) ==
  CASE Bug = "zombieApplier" -> TRUE
    [] Bug = "openCheckOnly" -> fence[Target(side, k)].role # "primary"
    [] OTHER -> Admits(Target(side, k), "replica")

(* Position of an older epoch: a start newer than it says where to begin; without one (an abort raised the epoch, the
   stream never stopped) the set is kept and only relabelled. *)
Follows(side, k) ==
  LET p == pos[side][k]  b == start[side][k]  v == fence[Target(side, k)].e IN
  /\ p.e < v \/ p.e < b.e
  /\ b.e \in 0..v
  /\ Bug = "startOfThisEpochOnly" => b.e = v
Follow(side, k) ==
  /\ Bug # "noStreamStart" /\ Admits(Target(side, k), "replica") /\ Follows(side, k)
  /\ LET p == pos[side][k]  b == start[side][k]  now == Len(log[side][k]) IN
     pos' = [pos EXCEPT ![side][k] =
       [e |-> fence[Target(side, k)].e,
        n |-> IF p.e < b.e THEN (IF Bug = "positionFromNow" THEN now ELSE b.n)
                           ELSE (IF Bug = "freshStartAfterAbort" THEN now ELSE p.n)]]
  /\ UNCHANGED <<fence, start, log, val, last, next, w, air, hand, ctl, seen, mark, found, redel, stale, fo, vis, late>>
Apply(side, k) ==      \* fence FOR SHARE, position FOR UPDATE, row, position: one transaction on the target
  /\ pos[side][k].n < Len(log[side][k])
  /\ SameServer(Db(side, k)) /\ AppliesTo(side, k)
  /\ \/ pos[side][k].e = fence[Target(side, k)].e
     \/ Bug = "noStreamStart"
     \/ Bug \in {"zombieApplier", "openCheckOnly"} /\ pos[side][k].e = start[side][k].e
  /\ LET n == pos[side][k].n + 1 IN
     /\ pos' = [pos EXCEPT ![side][k].n = n]
     /\ val' = IF n > start[side][k].n \/ Bug = "noStreamStart"
               THEN [val EXCEPT ![Other(side)][k] = log[side][k][n]]
               ELSE val                                  \* before the start: not this stream's
  /\ UNCHANGED <<fence, start, log, last, next, w, air, hand, ctl, seen, mark, found, redel, stale, fo, vis, late>>
Redeliver(side, k) ==  \* at-least-once: the last event comes again, however old it is by now
  /\ Redeliveries /\ ~redel /\ pos[side][k].n > 0 /\ redel' = TRUE
  /\ pos' = [pos EXCEPT ![side][k].n = @ - 1]
  /\ UNCHANGED <<fence, start, log, val, last, next, w, air, hand, ctl, seen, mark, found, stale, fo, vis, late>>
Supersede(side, k) ==  \* the worker pauses with a refetched batch; another one takes over (owner + 1)
  /\ Bug = "ownerIgnored" /\ late = NoLate /\ pos[side][k].n < Len(log[side][k])
  /\ late' = [id |-> log[side][k][pos[side][k].n + 1], side |-> side, k |-> k, e |-> fence[Target(side, k)].e]
  /\ UNCHANGED <<fence, start, pos, log, val, last, next, w, air, hand, ctl, seen, mark, found, redel, stale, fo, vis>>
LateWrite ==           \* with the owner in the WHERE clause this would match no row and roll back
  /\ late # NoLate /\ fence[Target(late.side, late.k)] = [e |-> late.e, role |-> "replica"]
  /\ val' = [val EXCEPT ![Other(late.side)][late.k] = late.id] /\ late' = NoLate
  /\ UNCHANGED <<fence, start, pos, log, last, next, w, air, hand, ctl, seen, mark, found, redel, stale, fo, vis>>

(* ------------------------------ mirrors ------------------------------ *)
Wanted(m) ==           \* both checks and the write are one transaction (Converge shows why)
  LET d == Target(m.side, m.k)  p == pos[m.side][m.k] IN
  /\ Bug \in {"mirrorUnguarded", "mirrorPositionOnly"} \/ (Admits(d, "replica") /\ fence[d].e = m.e)
  /\ Bug \in {"mirrorUnguarded", "mirrorFenceOnly"} \/ (p.e = m.e /\ p.n < m.n)
Mirror(m) ==
  /\ Wanted(m) /\ air' = air \ {m}
  /\ val' = [val EXCEPT ![Other(m.side)][m.k] = m.id]
  /\ UNCHANGED <<fence, start, pos, log, last, next, w, hand, ctl, seen, mark, found, redel, stale, fo, vis, late>>
MirrorLost(m) ==
  /\ air' = air \ {m}
  /\ UNCHANGED <<fence, start, pos, log, val, last, next, w, hand, ctl, seen, mark, found, redel, stale, fo, vis, late>>

(* ------------------------------ coordinators ------------------------------
   The register moves by compare-and-set: only a process that has read its
   present value moves it. Every step on a fence is one statement conditional on
   that fence alone; the register it acts on may long be history.              *)
SFrom(c) == Side(seen[c].side)
STo(c)   == Side(Other(seen[c].side))
Carries(c, dec) == seen[c].phase = "switching" /\ seen[c].dec = dec
Cas(c, new) == (seen[c] = ctl \/ Bug = "decideUnread") /\ ctl' = new /\ seen' = [seen EXCEPT ![c] = new]

Look(c) ==
  /\ seen[c] # ctl /\ seen' = [seen EXCEPT ![c] = ctl]
  /\ UNCHANGED <<fence, start, pos, log, val, last, next, w, air, hand, ctl, mark, found, redel, stale, fo, vis, late>>
Claim(c) ==            \* step 2
  /\ seen[c] = ctl /\ ctl.phase = "stable" /\ ctl.e < MaxEpoch
  /\ Cas(c, [ctl EXCEPT !.phase = "switching", !.e = @ + 1])
  /\ UNCHANGED <<fence, start, pos, log, val, last, next, w, air, hand, mark, found, redel, stale, fo, vis, late>>
Close(c, d) ==         \* step 3
  /\ Carries(c, "none") /\ d \in SFrom(c) /\ SameServer(d) /\ ~Held(d)
  /\ IF Bug = "naiveClose" THEN fence[d].role = "primary" ELSE fence[d].e < seen[c].e
  /\ fence' = [fence EXCEPT ![d] = [e |-> seen[c].e, role |-> "closing"]]
  /\ UNCHANGED <<start, pos, log, val, last, next, w, air, hand, ctl, seen, mark, found, redel, stale, fo, vis, late>>
Closed(c, d) == SameServer(d) /\ fence[d] = [e |-> seen[c].e, role |-> "closing"]
Mark(c, d) ==          \* step 4: after the close is committed; its GTID is later than every write admitted before
  /\ Carries(c, "none") /\ d \in SFrom(c)
  /\ \A k \in KeysOf(d) : mark[c][k].e < seen[c].e
  /\ Bug = "posBeforeClose" \/ Closed(c, d)
  /\ mark' = [mark EXCEPT ![c] = [k \in Shards |->
       IF k \in KeysOf(d)
       THEN [e |-> seen[c].e, n |-> IF Bug = "gtidRace" THEN vis[seen[c].side][k] ELSE Len(log[seen[c].side][k])]
       ELSE mark[c][k]]]
  /\ UNCHANGED <<fence, start, pos, log, val, last, next, w, air, hand, ctl, seen, found, redel, stale, fo, vis, late>>
Drained(c) ==          \* step 5: every target's position holds the marker of this epoch
  \A k \in Shards : LET p == pos[seen[c].side][k]  m == mark[c][k] IN
    /\ IF Bug = "stalePos" THEN m.e > 0 ELSE m.e = seen[c].e
    /\ p.e = fence[Db(Other(seen[c].side), k)].e \/ Bug = "noStreamStart"
    /\ p.n >= m.n
RecordStart(c, d) ==   \* step 5b: the statement's own condition is the fence of d; a start that is there stays
  /\ d \in STo(c) /\ SameServer(d) /\ \A k \in KeysOf(d) : start[SideOf(d)][k].e < seen[c].e
  /\ IF Bug = "startAfterOpen"
     THEN Carries(c, "commit") /\ fence[d] = [e |-> seen[c].e, role |-> "primary"]
     ELSE Carries(c, "none") /\ fence[d].role = "replica" /\ fence[d].e < seen[c].e
  /\ start' = [start EXCEPT ![SideOf(d)] = [k \in Shards |->
       IF k \in KeysOf(d) THEN [e |-> seen[c].e, n |-> Len(log[SideOf(d)][k])] ELSE start[SideOf(d)][k]]]
  /\ UNCHANGED <<fence, pos, log, val, last, next, w, air, hand, ctl, seen, mark, found, redel, stale, fo, vis, late>>
Started(d, e) == \A k \in KeysOf(d) : start[SideOf(d)][k].e = e
Drain(c) ==            \* steps 5 and 7; what follows may come much later, and nothing may rely on its still being so
  /\ Carries(c, "none") /\ found[c] < seen[c].e
  /\ Drained(c) /\ \A d \in SFrom(c) : Closed(c, d)
  /\ found' = [found EXCEPT ![c] = seen[c].e]
  /\ UNCHANGED <<fence, start, pos, log, val, last, next, w, air, hand, ctl, seen, mark, redel, stale, fo, vis, late>>
HandOver(c, d) ==      \* step 6, beside the drain: ids and stock, computed from the closed side's rows, which stand as they were marked,
                       \* keyed by the epoch, over results of older epochs
  /\ Carries(c, "none") /\ d \in STo(c) /\ SameServer(d) /\ \A k \in Shards : mark[c][k].e = seen[c].e
  /\ \/ fence[d].role = "replica" /\ fence[d].e < seen[c].e /\ hand[d].e < seen[c].e
     \/ Bug = "handoverUnkeyed" /\ hand[d].e # seen[c].e
  /\ Bug = "handoverKept" => hand[d] = Never             \* "it is there already"
  /\ hand' = [hand EXCEPT ![d] = [e |-> seen[c].e, n |-> Marked(mark[c], Shards)]]
  /\ UNCHANGED <<fence, start, pos, log, val, last, next, w, air, ctl, seen, mark, found, redel, stale, fo, vis, late>>
Ready(c) ==            \* starts and hand-overs are keyed by the epoch: once there they stay
  /\ IF Bug = "openBeforeClose"
     THEN \A k \in Shards : pos[seen[c].side][k].n = Len(log[seen[c].side][k])
     ELSE found[c] = seen[c].e
  /\ \A d \in STo(c) : /\ Started(d, seen[c].e) \/ Bug = "startAfterOpen"
                       /\ \/ hand[d].e = seen[c].e
                          \/ Bug = "handoverKept" /\ hand[d].e > 0
                          \/ Bug = "openBeforeClose"
Decide(c, v) ==        \* step 8, the commit point; anyone may decide abort instead, at any time before
  /\ Carries(c, "none") \/ (Bug = "noDecision" /\ seen[c].phase = "switching" /\ seen[c].dec # v)
  /\ v = "commit" => Ready(c)
  /\ Cas(c, [seen[c] EXCEPT !.dec = v])
  /\ UNCHANGED <<fence, start, pos, log, val, last, next, w, air, hand, mark, found, redel, stale, fo, vis, late>>
Open(c, d) ==          \* step 9: WHERE role = 'replica' AND epoch < e AND EXISTS (start of e)
  /\ Carries(c, "commit") /\ d \in STo(c) /\ SameServer(d)
  /\ IF Bug = "openUnconditionally" THEN fence[d].e # seen[c].e \/ fence[d].role # "primary"
     ELSE fence[d].role = "replica" /\ fence[d].e < seen[c].e
  /\ Started(d, seen[c].e) \/ Bug \in {"startAfterOpen", "openUnconditionally"}
  /\ fence' = [fence EXCEPT ![d] = [e |-> seen[c].e, role |-> "primary"]]
  /\ UNCHANGED <<start, pos, log, val, last, next, w, air, hand, ctl, seen, mark, found, redel, stale, fo, vis, late>>
OpenAt(ds, e) == \A d \in ds : SameServer(d) /\ fence[d] = [e |-> e, role |-> "primary"]
Leave(c, d) ==         \* step 10: WHERE role = 'closing' AND epoch = e; the way back runs from here
  /\ Carries(c, "commit") /\ d \in SFrom(c) /\ Closed(c, d) /\ OpenAt(STo(c), seen[c].e)
  /\ fence' = [fence EXCEPT ![d].role = "replica"]
  /\ UNCHANGED <<start, pos, log, val, last, next, w, air, hand, ctl, seen, mark, found, redel, stale, fo, vis, late>>
AbortTo(c, d) ==       \* first the side not entered: nobody can open it in this epoch any more; position and start stay
  /\ Bug # "abortKeepsTo" /\ Carries(c, "abort") /\ d \in STo(c) /\ SameServer(d)
  /\ fence[d].e < seen[c].e /\ fence[d].role = "replica"
  /\ fence' = [fence EXCEPT ![d].e = seen[c].e]
  /\ UNCHANGED <<start, pos, log, val, last, next, w, air, hand, ctl, seen, mark, found, redel, stale, fo, vis, late>>
AbortFrom(c, d) ==     \* then the side not left, also a database that was never closed
  /\ Carries(c, "abort") /\ d \in SFrom(c) /\ SameServer(d) /\ ~Held(d)
  /\ Bug = "abortKeepsTo" \/ \A t \in STo(c) : fence[t].e >= seen[c].e
  /\ \/ fence[d].e < seen[c].e /\ Bug # "abortLeavesUnclosed"
     \/ Closed(c, d)
  /\ fence' = [fence EXCEPT ![d] = [e |-> seen[c].e, role |-> "primary"]]
  /\ UNCHANGED <<start, pos, log, val, last, next, w, air, hand, ctl, seen, mark, found, redel, stale, fo, vis, late>>
Finish(c) ==
  /\ \/ /\ Carries(c, "commit") /\ OpenAt(STo(c), seen[c].e)
        /\ \A d \in SFrom(c) : SameServer(d) /\ fence[d] = [e |-> seen[c].e, role |-> "replica"]
        /\ Cas(c, [seen[c] EXCEPT !.phase = "stable", !.side = Other(@), !.dec = "none"])
     \/ /\ Carries(c, "abort")
        /\ IF Bug = "abortLeavesUnclosed" THEN \A d \in SFrom(c) : Primary(d) ELSE OpenAt(SFrom(c), seen[c].e)
        /\ Cas(c, [seen[c] EXCEPT !.phase = "stable", !.dec = "none"])
  /\ UNCHANGED <<fence, start, pos, log, val, last, next, w, air, hand, mark, found, redel, stale, fo, vis, late>>
Die(c) ==              \* kill -9: what it remembers is gone; it comes back as another process with an old read of the register
  LET none == [k \in Shards |-> Never] IN
  /\ mark[c] # none \/ found[c] # 0
  /\ mark' = [mark EXCEPT ![c] = none] /\ found' = [found EXCEPT ![c] = 0]
  /\ UNCHANGED <<fence, start, pos, log, val, last, next, w, air, hand, ctl, seen, redel, stale, fo, vis, late>>
Failover ==            \* asynchronous: the new server has the rows but not the last fence update
  /\ Failovers /\ ~fo /\ fence[S].role # "primary" /\ fence[S].e > 0 /\ fo' = TRUE
  /\ fence' = [fence EXCEPT ![S] = [e |-> @.e - 1, role |-> "primary"]]
  /\ UNCHANGED <<start, pos, log, val, last, next, w, air, hand, ctl, seen, mark, found, redel, stale, vis, late>>

Coordinate(c) == \/ Look(c) \/ Claim(c) \/ Decide(c, "commit") \/ Decide(c, "abort") \/ Drain(c) \/ Finish(c) \/ Die(c)
                 \/ \E d \in DBs : \/ Close(c, d) \/ Mark(c, d) \/ RecordStart(c, d) \/ HandOver(c, d) \/ Open(c, d)
                                   \/ Leave(c, d) \/ AbortTo(c, d) \/ AbortFrom(c, d)
Next == \/ \E x \in Writers : \/ Commit(x) \/ Rollback(x) \/ Deadlock(x)
                              \/ \E side \in Sides, k \in Shards : Begin(x, side, k)
        \/ \E side \in Sides, k \in Shards : \/ Publish(side, k) \/ Follow(side, k) \/ Apply(side, k)
                                             \/ Redeliver(side, k) \/ Supersede(side, k)
        \/ LateWrite
        \/ \E m \in air : Mirror(m) \/ MirrorLost(m)
        \/ \E c \in Coords : Coordinate(c)
        \/ Failover
Spec == Init /\ [][Next]_vars
Alike == Permutations(Writers) \cup Permutations(Coords) \cup Permutations(Shards)

(* Strong fairness where a step can be taken away again (a coordinator dies, a lock is held); deciding abort and rolling
   back are never promised, so they may not be relied on. *)
LiveSpec == /\ Spec
            /\ SF_vars(\E side \in Sides, k \in Shards : Apply(side, k) \/ Follow(side, k))
            /\ WF_vars(\E x \in Writers : Commit(x) \/ Rollback(x))
            /\ \A c \in Coords :
                 /\ SF_vars(\E d \in DBs : Close(c, d) \/ RecordStart(c, d) \/ HandOver(c, d))
                 /\ SF_vars(\E d \in DBs : Mark(c, d))
                 /\ SF_vars(Drain(c))
                 /\ SF_vars(Decide(c, "commit"))
                 /\ SF_vars(Look(c) \/ Finish(c) \/ \E d \in DBs : Open(c, d) \/ Leave(c, d) \/ AbortTo(c, d) \/ AbortFrom(c, d))

(* ------------------------------ what must hold ------------------------------ *)
TypeOK ==
  /\ ctl \in [side : Sides, e : 0..MaxEpoch, phase : {"stable", "switching"}, dec : {"none", "commit", "abort"}]
  /\ fence \in [DBs -> [e : 0..MaxEpoch, role : {"primary", "closing", "replica"}]]
  /\ next \in 0..MaxWrites
(* Both sides never take writes at the same time. *)
NoSplitBrain == ~(Primary(S) /\ \E d \in Shards : Primary(d))
(* Whichever database takes writes holds the last acknowledged write of every row of its key range. *)
NoLostAck == \A side \in Sides, k \in Shards : Primary(Db(side, k)) => val[side][k] = last[k]
(* Every commit happened under the fence that admitted it. *)
NoStaleWrite == ~stale
(* The side being entered opens only after the decision. *)
OpenImpliesDecided ==
  \A d \in Side(Other(ctl.side)) : Primary(d) => ctl.phase = "switching" /\ ctl.dec = "commit"
(* A decided switch has a hand-over made in its own epoch, from all writes of the side it leaves. *)
HandoverIsOfThisSwitch ==
  ctl.dec = "commit" => \A d \in Side(Other(ctl.side)) : hand[d] = [e |-> ctl.e, n |-> Sum(log[ctl.side], Shards)]
(* Nobody reports a switch as done or undone while its side is shut. *)
StableOpen == ctl.phase = "stable" => OpenAt(Side(ctl.side), ctl.e)
(* When nothing is switching, the stream out of the truth can go on: each target admits the register's epoch, and there is
   a position or a start to go on from. *)
StreamCanRun ==
  (ctl.phase = "stable" /\ ~fo) => \A k \in Shards :
    /\ fence[Target(ctl.side, k)] = [e |-> ctl.e, role |-> "replica"]
    /\ pos[ctl.side][k].e = ctl.e \/ Follows(ctl.side, k)
(* An epoch never goes back, except on a server that lost it. *)
EpochMonotone == [][\A d \in DBs : fence'[d].e >= fence[d].e \/ fo' # fo]_vars
(* Whatever dies when: as long as one coordinator lives, some side takes writes again and again. *)
EventuallyOpen == []<>(\E d \in DBs : Primary(d))
=============================================================================
