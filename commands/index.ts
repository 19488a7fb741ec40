import type { CommandTable } from "../src/cli/command-table.ts";

/** The commands there are: one line for each file of this folder. `image ls` is image/ls.ts. */
const files = {
  "artifact add": () => import("./artifact/add.ts"),
  "artifact extract": () => import("./artifact/extract.ts"),
  "artifact inspect": () => import("./artifact/inspect.ts"),
  "artifact ls": () => import("./artifact/ls.ts"),
  "artifact pull": () => import("./artifact/pull.ts"),
  "artifact push": () => import("./artifact/push.ts"),
  "artifact rm": () => import("./artifact/rm.ts"),
  "auto-update": () => import("./auto-update.ts"),
  attach: () => import("./attach.ts"),
  commit: () => import("./commit.ts"),
  completion: () => import("./completion.ts"),
  "container checkpoint": () => import("./container/checkpoint.ts"),
  "container cleanup": () => import("./container/cleanup.ts"),
  "container clone": () => import("./container/clone.ts"),
  "container diff": () => import("./container/diff.ts"),
  "container exists": () => import("./container/exists.ts"),
  "container inspect": () => import("./container/inspect.ts"),
  "container prune": () => import("./container/prune.ts"),
  "container restore": () => import("./container/restore.ts"),
  "container runlabel": () => import("./container/runlabel.ts"),
  cp: () => import("./cp.ts"),
  create: () => import("./create.ts"),
  diff: () => import("./diff.ts"),
  doctor: () => import("./doctor.ts"),
  events: () => import("./events.ts"),
  exec: () => import("./exec.ts"),
  "generate systemd": () => import("./generate/systemd.ts"),
  "healthcheck run": () => import("./healthcheck/run.ts"),
  export: () => import("./export.ts"),
  history: () => import("./history.ts"),
  "image diff": () => import("./image/diff.ts"),
  "image exists": () => import("./image/exists.ts"),
  "image inspect": () => import("./image/inspect.ts"),
  "image mount": () => import("./image/mount.ts"),
  "image prune": () => import("./image/prune.ts"),
  "image tree": () => import("./image/tree.ts"),
  "image trust": () => import("./image/trust.ts"),
  "image unmount": () => import("./image/unmount.ts"),
  images: () => import("./images.ts"),
  import: () => import("./import.ts"),
  info: () => import("./info.ts"),
  init: () => import("./init.ts"),
  inspect: () => import("./inspect.ts"),
  kill: () => import("./kill.ts"),
  load: () => import("./load.ts"),
  login: () => import("./login.ts"),
  logout: () => import("./logout.ts"),
  logs: () => import("./logs.ts"),
  "manifest add": () => import("./manifest/add.ts"),
  "manifest annotate": () => import("./manifest/annotate.ts"),
  "manifest create": () => import("./manifest/create.ts"),
  "manifest exists": () => import("./manifest/exists.ts"),
  "manifest inspect": () => import("./manifest/inspect.ts"),
  "manifest push": () => import("./manifest/push.ts"),
  "manifest remove": () => import("./manifest/remove.ts"),
  "manifest rm": () => import("./manifest/rm.ts"),
  mount: () => import("./mount.ts"),
  "network connect": () => import("./network/connect.ts"),
  "network create": () => import("./network/create.ts"),
  "network disconnect": () => import("./network/disconnect.ts"),
  "network exists": () => import("./network/exists.ts"),
  "network inspect": () => import("./network/inspect.ts"),
  "network ls": () => import("./network/ls.ts"),
  "network prune": () => import("./network/prune.ts"),
  "network reload": () => import("./network/reload.ts"),
  "network rm": () => import("./network/rm.ts"),
  "network update": () => import("./network/update.ts"),
  pause: () => import("./pause.ts"),
  port: () => import("./port.ts"),
  ps: () => import("./ps.ts"),
  pull: () => import("./pull.ts"),
  push: () => import("./push.ts"),
  "quadlet install": () => import("./quadlet/install.ts"),
  "quadlet list": () => import("./quadlet/list.ts"),
  "quadlet print": () => import("./quadlet/print.ts"),
  "quadlet rm": () => import("./quadlet/rm.ts"),
  rename: () => import("./rename.ts"),
  restart: () => import("./restart.ts"),
  rm: () => import("./rm.ts"),
  rmi: () => import("./rmi.ts"),
  run: () => import("./run.ts"),
  save: () => import("./save.ts"),
  search: () => import("./search.ts"),
  "secret create": () => import("./secret/create.ts"),
  "secret exists": () => import("./secret/exists.ts"),
  "secret inspect": () => import("./secret/inspect.ts"),
  "secret ls": () => import("./secret/ls.ts"),
  "secret rm": () => import("./secret/rm.ts"),
  start: () => import("./start.ts"),
  stats: () => import("./stats.ts"),
  stop: () => import("./stop.ts"),
  "system check": () => import("./system/check.ts"),
  "system df": () => import("./system/df.ts"),
  "system migrate": () => import("./system/migrate.ts"),
  "system prune": () => import("./system/prune.ts"),
  "system renumber": () => import("./system/renumber.ts"),
  "system reset": () => import("./system/reset.ts"),
  tag: () => import("./tag.ts"),
  top: () => import("./top.ts"),
  unmount: () => import("./unmount.ts"),
  unpause: () => import("./unpause.ts"),
  unshare: () => import("./unshare.ts"),
  untag: () => import("./untag.ts"),
  update: () => import("./update.ts"),
  version: () => import("./version.ts"),
  "volume create": () => import("./volume/create.ts"),
  "volume exists": () => import("./volume/exists.ts"),
  "volume export": () => import("./volume/export.ts"),
  "volume import": () => import("./volume/import.ts"),
  "volume inspect": () => import("./volume/inspect.ts"),
  "volume ls": () => import("./volume/ls.ts"),
  "volume mount": () => import("./volume/mount.ts"),
  "volume prune": () => import("./volume/prune.ts"),
  "volume reload": () => import("./volume/reload.ts"),
  "volume rm": () => import("./volume/rm.ts"),
  "volume unmount": () => import("./volume/unmount.ts"),
  wait: () => import("./wait.ts"),
};

/** The same commands in other places, as Podman has them: the short form of what a group also has. */
const aliases: Record<string, keyof typeof files> = {
  "container attach": "attach",
  "container commit": "commit",
  "container cp": "cp",
  "container create": "create",
  "container exec": "exec",
  "container export": "export",
  "container init": "init",
  "container kill": "kill",
  "container list": "ps",
  "container logs": "logs",
  "container mount": "mount",
  "container pause": "pause",
  "container port": "port",
  "container ps": "ps",
  "container rename": "rename",
  "container restart": "restart",
  "container rm": "rm",
  "container run": "run",
  "container start": "start",
  "container stats": "stats",
  "container stop": "stop",
  "container top": "top",
  "container unmount": "unmount",
  "container unpause": "unpause",
  "container update": "update",
  "container wait": "wait",
  "image history": "history",
  "image import": "import",
  "image list": "images",
  "image load": "load",
  "image pull": "pull",
  "image push": "push",
  "image rm": "rmi",
  "image save": "save",
  "image search": "search",
  "image tag": "tag",
  "system events": "events",
  "image untag": "untag",
  "system info": "info",
};

/** Second names of commands; help and messages tell the first. */
const synonyms: Record<string, string> = {
  "artifact list": "artifact ls",
  "container ls": "container list",
  "container umount": "container unmount",
  "image ls": "image list",
  "image remove": "image rm",
  "image umount": "image unmount",
  "network list": "network ls",
  "network remove": "network rm",
  "quadlet cat": "quadlet print",
  "quadlet ls": "quadlet list",
  "secret list": "secret ls",
  umount: "unmount",
  "volume list": "volume ls",
  "volume remove": "volume rm",
};

/** Groups: the first of two words. */
const groups = {
  artifact: "Manage OCI artifacts",
  container: "Manage containers",
  generate: "Generate structured data based on containers",
  healthcheck: "Manage health checks on containers",
  image: "Manage images",
  manifest: "Manipulate manifest lists and image indexes",
  network: "Manage networks",
  quadlet: "Manage Quadlets",
  secret: "Manage secrets",
  system: "Manage coracle",
  volume: "Manage volumes",
};

/** Commands of Podman's that are recognised but don't exist here; a line for each group. */
const planned = `
attach,auto-update,build,buildx,commit,compose,cp,create,diff,events,exec,export,farm,generate,history,images
import,info,init,inspect,kill,kube,load,login,logout,logs,machine,manifest,mount,pause,play,pod,port,ps,pull,push,rename
restart,rm,rmi,run,save,search,start,stats,stop,tag,top,unmount,unpause,unshare,untag,update,wait
container attach,container checkpoint,container cleanup,container clone,container commit,container cp
container create,container diff,container exec,container exists,container export,container init,container inspect
container kill,container list,container logs,container ls,container mount,container pause,container port
container prune,container ps,container rename,container restart,container restore,container rm,container run
container runlabel,container start,container stats,container stop,container top,container unmount
container unpause,container update,container wait
generate kube,generate spec,generate systemd
healthcheck run
image build,image diff,image exists,image history,image import,image inspect,image list,image load,image ls
image mount,image prune,image pull,image push,image rm,image save,image scp,image search,image sign,image tag
image tree,image trust,image unmount,image untag
network connect,network create,network disconnect,network exists,network inspect,network ls,network prune
network reload,network rm,network update
secret create,secret exists,secret inspect,secret ls,secret rm
system check,system connection,system df,system events,system info,system locks,system migrate,system prune
system renumber,system reset,system service
volume create,volume exists,volume export,volume import,volume inspect,volume ls,volume mount,volume prune
volume reload,volume rm,volume unmount
`
  .trim()
  .split(/[,\n]/);

export const table: CommandTable = { files, aliases, synonyms, groups, planned };
