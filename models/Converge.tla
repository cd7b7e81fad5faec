------------------------------ MODULE Converge ------------------------------
(* What a row of the target holds.

   One row, copied and streamed from a source to a target while the application
   writes the source and mirrors each write to the target. The stream only says
   WHICH row changed; the row itself is always read again from the source
   ("refetch") before it is written. Rows do not depend on one another (a
   projection is a function of one row), so one row is enough. Epochs and the
   turning round of the stream are Cutover's matter.                           *)
EXTENDS Integers, Sequences, FiniteSets
CONSTANTS MaxTxn, Bug
Bugs == {"none",
  "noWait",          \* refetches before the transaction of the event is visible; also what waiting for only
                     \* the last GTID of a batch is, seen from the rows of the others
  "noGuard",         \* a mirror that does not ask whether the stream has passed it
  "checkThenWrite",  \* asks, and writes in another transaction
  "positionApart",   \* the position commits before the row, not with it
  "noDelete",        \* inserts what was refetched, but does not delete what is gone
  "noTouched",       \* the window does not note what the applier writes meanwhile
  "windowAfterRead", \* opens the window when the chunk has been read
  "crashKeepsChunk"} \* a chunk read before a crash is written after it: what was noted is forgotten
ASSUME Bug \in Bugs
Base == 100                       \* the row as it was before the stream began

VARIABLES
  base,     \* 0 or Base: was the row there when the stream began
  binlog,   \* binlog[n]: the row after transaction n; 0 means deleted
  vis,      \* transactions a reader can see (engine commit)
  pub,      \* transactions in gtid_executed (published after engine commit)
  tgt,      \* the row on the target, 0 when absent
  applied,  \* stream position, durable in the target, same transaction as the row
  hand,     \* what the applier has refetched but not yet written
  mirrors,  \* mirrored writes on their way, any of which may be late or lost
  checked,  \* a mirror that has passed its guard but not yet written (planted bug only)
  chunk     \* the snapshot chunk that holds this row
vars == <<base, binlog, vis, pub, tgt, applied, hand, mirrors, checked, chunk>>

Nothing == [n |-> 0, v |-> 0]
Unread == -1
Row == IF vis = 0 THEN base ELSE binlog[vis]              \* what a SELECT returns now

Init == /\ base \in {0, Base} /\ binlog = <<>> /\ vis = 0 /\ pub = 0
        /\ tgt = 0 /\ applied = 0 /\ hand = Nothing /\ mirrors = {} /\ checked = Nothing
        /\ chunk = [st |-> "todo", v |-> 0, touched |-> FALSE]

(* Source. A transaction is in the binlog before others can see it, and in gtid_executed after that: a streamed event may
   be ahead of what a SELECT returns. Row locks allow one unfinished transaction at a time on this row. *)
Flush == /\ Len(binlog) = vis /\ Len(binlog) < MaxTxn
         /\ \E v \in {0, Len(binlog) + 1} : /\ v = 0 => Row # 0
                                            /\ binlog' = Append(binlog, v)
         /\ UNCHANGED <<base, vis, pub, tgt, applied, hand, mirrors, checked, chunk>>
EngineCommit == /\ vis < Len(binlog) /\ vis' = vis + 1
                /\ mirrors' = mirrors \cup {[n |-> vis + 1, v |-> Unread]}
                /\ UNCHANGED <<base, binlog, pub, tgt, applied, hand, checked, chunk>>
Publish == /\ pub < vis /\ pub' = pub + 1
           /\ UNCHANGED <<base, binlog, vis, tgt, applied, hand, mirrors, checked, chunk>>

(* Applier. Events 1..Len(binlog) arrive as soon as they are flushed; a batch may end at any of them. *)
Fetch == /\ hand = Nothing
         /\ \E n \in (applied + 1)..Len(binlog) :              \* a batch ends at n
              /\ Bug = "noWait" \/ pub >= n                    \* WAIT_FOR_EXECUTED_GTID_SET
              /\ hand' = [n |-> n, v |-> Row]
         /\ UNCHANGED <<base, binlog, vis, pub, tgt, applied, mirrors, checked, chunk>>
Noted == CASE Bug = "noTouched"       -> chunk
           [] Bug = "windowAfterRead" -> IF chunk.st = "late" THEN [chunk EXCEPT !.touched = TRUE] ELSE chunk
           [] OTHER -> IF chunk.st \in {"open", "read"} THEN [chunk EXCEPT !.touched = TRUE] ELSE chunk
(* fence, position, delete, insert, position: one transaction on the target *)
Write == /\ hand # Nothing
         /\ Bug # "positionApart" \/ applied = hand.n
         /\ tgt' = IF Bug = "noDelete" /\ hand.v = 0 THEN tgt ELSE hand.v
         /\ applied' = hand.n /\ hand' = Nothing /\ chunk' = Noted
         /\ UNCHANGED <<base, binlog, vis, pub, mirrors, checked>>
WritePosition == /\ Bug = "positionApart" /\ hand # Nothing /\ applied # hand.n /\ applied' = hand.n
                 /\ UNCHANGED <<base, binlog, vis, pub, tgt, hand, mirrors, checked, chunk>>
Crash == /\ (hand # Nothing \/ chunk.st \in {"open", "read", "late"})
         /\ hand' = Nothing
         /\ chunk' = CASE chunk.st = "done" -> chunk
                       [] Bug = "crashKeepsChunk" /\ chunk.st = "read" -> [chunk EXCEPT !.touched = FALSE]
                       [] OTHER -> [st |-> "todo", v |-> 0, touched |-> FALSE]   \* read again
         /\ UNCHANGED <<base, binlog, vis, pub, tgt, applied, mirrors, checked>>

(* Mirror. Reads the row after its transaction, whenever it comes to it, for many at once: what it reads may be newer than what its
   transaction wrote. Counts only while the stream has not passed it; check and write are one transaction. May be late, lost, out of
   order. *)
MirrorRead(m) == /\ m.v = Unread
                 /\ mirrors' = (mirrors \ {m}) \cup {[m EXCEPT !.v = Row]}
                 /\ UNCHANGED <<base, binlog, vis, pub, tgt, applied, hand, checked, chunk>>
Mirror(m) == /\ Bug # "checkThenWrite" /\ m.v # Unread
             /\ mirrors' = mirrors \ {m}
             /\ tgt' = IF Bug = "noGuard" \/ applied < m.n THEN m.v ELSE tgt
             /\ UNCHANGED <<base, binlog, vis, pub, applied, hand, checked, chunk>>
MirrorCheck(m) == /\ Bug = "checkThenWrite" /\ checked = Nothing /\ m.v # Unread
                  /\ mirrors' = mirrors \ {m} /\ checked' = IF applied < m.n THEN m ELSE Nothing
                  /\ UNCHANGED <<base, binlog, vis, pub, tgt, applied, hand, chunk>>
MirrorWrite == /\ checked # Nothing /\ tgt' = checked.v /\ checked' = Nothing
               /\ UNCHANGED <<base, binlog, vis, pub, applied, hand, mirrors, chunk>>
MirrorLost(m) == /\ mirrors' = mirrors \ {m}
                 /\ UNCHANGED <<base, binlog, vis, pub, tgt, applied, hand, checked, chunk>>

(* Snapshot chunk. Opened and written by the applier's own thread between two batches, read by anyone in between without
   locks. A key noted meanwhile is left out: the applier has written what is newer. *)
ChunkOpen == /\ chunk.st = "todo" /\ hand = Nothing
             /\ chunk' = [st |-> "open", v |-> 0, touched |-> FALSE]
             /\ UNCHANGED <<base, binlog, vis, pub, tgt, applied, hand, mirrors, checked>>
ChunkRead == /\ chunk.st = "open"
             /\ chunk' = [chunk EXCEPT !.st = "read", !.v = Row]
             /\ UNCHANGED <<base, binlog, vis, pub, tgt, applied, hand, mirrors, checked>>
ChunkWindow == /\ Bug = "windowAfterRead" /\ chunk.st = "read" /\ chunk' = [chunk EXCEPT !.st = "late"]
               /\ UNCHANGED <<base, binlog, vis, pub, tgt, applied, hand, mirrors, checked>>
ChunkWrite == /\ chunk.st = (IF Bug = "windowAfterRead" THEN "late" ELSE "read") /\ hand = Nothing
              /\ tgt' = IF chunk.touched \/ chunk.v = 0 THEN tgt ELSE chunk.v
              /\ chunk' = [chunk EXCEPT !.st = "done"]
              /\ UNCHANGED <<base, binlog, vis, pub, applied, hand, mirrors, checked>>

TypeOK == applied \in 0..MaxTxn /\ tgt \in {Base} \cup (0..MaxTxn) /\ pub <= vis /\ vis <= Len(binlog)

Next == \/ Flush \/ EngineCommit \/ Publish \/ Fetch \/ Write \/ WritePosition \/ Crash
        \/ \E m \in mirrors : MirrorRead(m) \/ Mirror(m) \/ MirrorCheck(m) \/ MirrorLost(m)
        \/ MirrorWrite \/ ChunkOpen \/ ChunkRead \/ ChunkWindow \/ ChunkWrite
Spec == Init /\ [][Next]_vars

(* When all is delivered the row is right, whatever mirrors are still on their way, now or later. *)
Converged == (/\ chunk.st = "done" /\ hand = Nothing
              /\ vis = Len(binlog) /\ applied = Len(binlog) /\ checked = Nothing) => tgt = Row
=============================================================================
