------------------------------ MODULE Reverse ------------------------------
(* Why shard keys are immutable while NEW holds the truth.

   Two shards are streamed back into one database, each by its own worker with
   its own position, by refetch. One key, updated in place or (unless Mode is
   "noMove", the rule) moved to the other shard. Two streams have no common
   order, so whoever refetched first may write last. Three ways to deal with it
   that look right lose the row:
     "naive"            each worker refetches from its own shard and deletes what is gone there
     "condDelete"       deletes only a row that came from its own shard
     "refetchAll"       refetches from both shards
   and the one that does not ("refetchAllSerial": no two workers between refetch
   and write at a time) makes one worker of all of them.                       *)
EXTENDS Integers
CONSTANTS MaxVer, Mode
ASSUME Mode \in {"noMove", "naive", "condDelete", "refetchAll", "refetchAllSerial"}
VARIABLES
  ver,      \* writes so far; the number of a write is the row's value
  where,    \* [shard -> the row there, 0 when absent]: a move is one step, better than an application could do it
  log,      \* [shard -> events in its binlog]
  applied,  \* [shard -> events its worker has applied]
  hand,     \* [shard -> what its worker has refetched but not yet written: events up to n, value v, found in shard h]
  tgt       \* the row in the one database, and the shard it came from
vars == <<ver, where, log, applied, hand, tgt>>

Shards == {1, 2}
Nothing == [n |-> 0, v |-> 0, h |-> 0]
Home == IF where[1] # 0 THEN 1 ELSE 2
Row == where[Home]

Init == /\ ver = 1 /\ where = [i \in Shards |-> IF i = 1 THEN 1 ELSE 0]
        /\ log = [i \in Shards |-> 0] /\ applied = [i \in Shards |-> 0] /\ hand = [i \in Shards |-> Nothing]
        /\ tgt = [v |-> 1, h |-> 1]
Update(i) == /\ ver < MaxVer /\ where[i] # 0 /\ ver' = ver + 1
             /\ where' = [where EXCEPT ![i] = ver + 1] /\ log' = [log EXCEPT ![i] = @ + 1]
             /\ UNCHANGED <<applied, hand, tgt>>
Move(i) == /\ Mode # "noMove" /\ ver < MaxVer /\ where[i] # 0 /\ ver' = ver + 1
           /\ where' = [j \in Shards |-> IF j = i THEN 0 ELSE ver + 1] /\ log' = [j \in Shards |-> log[j] + 1]
           /\ UNCHANGED <<applied, hand, tgt>>
Both == Mode \in {"refetchAll", "refetchAllSerial"}
Fetch(i) == /\ hand[i] = Nothing
            /\ Mode = "refetchAllSerial" => \A j \in Shards : hand[j] = Nothing
            /\ \E n \in (applied[i] + 1)..log[i] :
                 hand' = [hand EXCEPT ![i] = [n |-> n, v |-> IF Both THEN Row ELSE where[i], h |-> IF Both THEN Home ELSE i]]
            /\ UNCHANGED <<ver, where, log, applied, tgt>>
Write(i) == /\ hand[i] # Nothing
            /\ applied' = [applied EXCEPT ![i] = hand[i].n] /\ hand' = [hand EXCEPT ![i] = Nothing]
            /\ tgt' = CASE hand[i].v # 0 -> [v |-> hand[i].v, h |-> hand[i].h]
                        [] hand[i].v = 0 /\ Mode = "condDelete" /\ tgt.h # i -> tgt
                        [] OTHER -> [v |-> 0, h |-> 0]
            /\ UNCHANGED <<ver, where, log>>
Next == \E i \in Shards : Move(i) \/ Update(i) \/ Fetch(i) \/ Write(i)
Spec == Init /\ [][Next]_vars

TypeOK == ver \in 1..MaxVer /\ tgt.v \in 0..MaxVer
(* When both streams are delivered the row is right. *)
Converged == (\A i \in Shards : applied[i] = log[i] /\ hand[i] = Nothing) => tgt.v = Row
=============================================================================
