"""The files of /home/ada/engine that its sessions read and change."""

ENGINE = {
    "src/world.rs": """//! The world: entities, and the components that they carry.

use std::any::{Any, TypeId};
use std::collections::HashMap;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Entity {
    index: u32,
    generation: u32,
}

#[derive(Default)]
pub struct World {
    generations: Vec<u32>,
    free: Vec<u32>,
    columns: HashMap<TypeId, Box<dyn Any>>,
}

impl World {
    pub fn spawn(&mut self) -> Entity {
        if let Some(index) = self.free.pop() {
            return Entity { index, generation: self.generations[index as usize] };
        }
        self.generations.push(0);
        Entity { index: self.generations.len() as u32 - 1, generation: 0 }
    }

    pub fn despawn(&mut self, entity: Entity) {
        if self.is_alive(entity) {
            self.generations[entity.index as usize] += 1;
            self.free.push(entity.index);
        }
    }

    pub fn is_alive(&self, entity: Entity) -> bool {
        self.generations[entity.index as usize] == entity.generation
    }

    pub fn column<T: 'static>(&mut self) -> &mut Vec<Option<T>> {
        self.columns
            .entry(TypeId::of::<T>())
            .or_insert_with(|| Box::new(Vec::<Option<T>>::new()))
            .downcast_mut()
            .unwrap()
    }
}
""",
    "src/physics.rs": """//! Movement and collisions.

use crate::world::World;

#[derive(Clone, Copy)]
pub struct Position(pub f32, pub f32);

#[derive(Clone, Copy)]
pub struct Velocity(pub f32, pub f32);

pub fn step(world: &mut World, dt: f32) {
    let positions = world.column::<Position>();
    let velocities = world.column::<Velocity>();
    for (position, velocity) in positions.iter_mut().zip(velocities.iter()) {
        if let (Some(position), Some(velocity)) = (position, velocity) {
            position.0 += velocity.0 * dt;
            position.1 += velocity.1 * dt;
        }
    }
}

pub fn pairs(bodies: &[(usize, Position, f32)]) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    for (at, a) in bodies.iter().enumerate() {
        for b in &bodies[at + 1..] {
            let (dx, dy) = (a.1 .0 - b.1 .0, a.1 .1 - b.1 .1);
            if (dx * dx + dy * dy).sqrt() < a.2 + b.2 {
                found.push((a.0, b.0));
            }
        }
    }
    found
}
""",
    "src/render/sprite.rs": """//! Sprites in batches: one draw call a texture.

pub struct Sprite {
    pub texture: u32,
    pub x: f32,
    pub y: f32,
    pub layer: u8,
}

pub fn batches(sprites: &mut Vec<Sprite>) -> Vec<(u32, std::ops::Range<usize>)> {
    sprites.sort_by_key(|sprite| (sprite.layer, sprite.texture));
    let mut found: Vec<(u32, std::ops::Range<usize>)> = Vec::new();
    for (at, sprite) in sprites.iter().enumerate() {
        match found.last_mut() {
            Some((texture, range)) if *texture == sprite.texture => range.end = at + 1,
            _ => found.push((sprite.texture, at..at + 1)),
        }
    }
    found
}
""",
    "shaders/water.wgsl": """@group(0) @binding(0) var<uniform> time: f32;

@fragment
fn main(@location(0) uv: vec2<f32>) -> @location(0) vec4<f32> {
    let wave = sin(uv.x * 40.0 + time) * 0.02;
    return vec4<f32>(0.1, 0.3 + wave, 0.6, 1.0);
}
""",
    "Cargo.toml": '[package]\nname = "engine"\nversion = "0.3.1"\nedition = "2021"\n\n[dependencies]\nglam = "0.29"\n',
    "README.md": "# engine\n\nA small 2D engine: entities, physics, sprites.\n\n    cargo run --example pong\n",
}
